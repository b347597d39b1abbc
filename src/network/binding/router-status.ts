/** Turns what hosts see of routers into the status of the routers and of their ports. */
import { KeyedQueue } from '#base/async.ts';
import type { RouterObservation } from '#base/host/document.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import { updateStatus } from '../attributes/list.store.ts';
import { timestamp } from '../attributes/standard.ts';
import { findPorts } from '../ports/port.store.ts';
import { ACTIVE, DOWN, type StatusColumns } from './binding.rules.ts';
import type { PortEvents } from './port-events.ts';
import { setStatus } from './port-status.ts';
import { findRouterIds, findToldRouters, type ToldRouter } from './told-router.store.ts';

export type RouterStatusDeps = {
  readonly db: Db;
  readonly observed: ObservedHosts;
  readonly events: PortEvents;
  readonly now: () => Date;
  readonly log: Logger;
  /** The revision at which its host has a router as it is. */
  readonly toldAt: (routerId: string) => number;
};

export class RouterStatus {
  readonly #deps: RouterStatusDeps;
  readonly #queue = new KeyedQueue();

  constructor(deps: RouterStatusDeps) {
    this.#deps = deps;
  }

  /** Follows what hosts see from now on. Returns the way to stop. */
  start(): () => void {
    const { observed } = this.#deps;
    const stops = [
      observed.onChange(({ section, id }) => {
        if (section === 'routers') this.#soon(id, async () => await this.#check([id]));
      }),
      observed.onHost((host, { listed }) => {
        // Of what is gone since the host was last heard of, it tells nothing.
        if (listed > 0) this.#soon(host, async () => await this.checkAll());
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Resolves when everything seen so far has been dealt with. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  /** Every router again. Returns how many there are, and how many ports and routers had another status. */
  async checkAll(): Promise<{ readonly seen: number; readonly changed: number }> {
    const ids = await findRouterIds(this.#deps.db);
    return { seen: ids.length, changed: await this.#check(ids) };
  }

  async #check(ids: readonly string[]): Promise<number> {
    const { db, now } = this.#deps;
    let changed = 0;
    for (const router of (await findToldRouters(db, ids)).values()) {
      const seen = this.#seen(router);
      if (seen === undefined) continue;
      const wanted = routerStatusOf(seen);
      if (await updateStatus(db, 'routers', router.row.id, wanted, timestamp(now()))) changed += 1;
      const ports = new Map(router.ports.map((port) => [port.id, port]));
      for (const row of await findPorts(db, [...ports.keys()])) {
        const status = portStatusOf(router.row, row, seen);
        if (await setStatus(this.#deps, row, status)) changed += 1;
      }
    }
    return changed;
  }

  /** Undefined while the host has not dealt with the router as it is now. */
  #seen({ row }: ToldRouter): RouterObservation | 'absent' | undefined {
    const { observed, toldAt } = this.#deps;
    const seen = observed.find(row.host, 'routers', row.id);
    if (seen) return seen.settled >= toldAt(row.id) ? seen : undefined;
    return (observed.status(row.host)?.listed ?? 0) > 0 ? 'absent' : undefined;
  }

  /** Observations come in the middle of other things, so nobody waits for this; the reconciler makes up for a failure. */
  #soon(key: string, task: () => Promise<unknown>): void {
    this.#queue
      .run(key, async () => {
        await task();
      })
      .catch((err: unknown) => {
        this.#deps.log.error({ err, key }, 'the status of a router could not be set');
      });
  }
}

/** compat: a router is ACTIVE from the start, and also while it is down, unless something is wrong with it. */
function routerStatusOf(seen: RouterObservation | 'absent'): StatusColumns {
  if (seen === 'absent' || seen.error === null) return ACTIVE;
  return { status: 'ERROR', status_reason: seen.error.message };
}

function portStatusOf(
  router: { readonly admin_state_up: 0 | 1 },
  port: { readonly admin_state_up: 0 | 1 },
  seen: RouterObservation | 'absent',
): StatusColumns {
  const up = router.admin_state_up === 1 && port.admin_state_up === 1;
  return up && seen !== 'absent' && seen.error === null ? ACTIVE : DOWN;
}
