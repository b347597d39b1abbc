/** Turns what hosts see of ports into the ports' status, and tells who listens. */
import { KeyedQueue } from '#base/async.ts';
import type { DomainSpec } from '#base/host/domain.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import { updateStatus } from '../attributes/list.store.ts';
import { timestamp } from '../attributes/standard.ts';
import { findPort, findOwnedPorts, type PortRow } from '../ports/port.store.ts';
import {
  ACTIVE,
  DHCP_OWNER,
  DOWN,
  NOT_THERE,
  PART_OWNERS,
  seenAs,
  statusOf,
  type SeenPort,
  type StatusColumns,
} from './binding.rules.ts';
import { findActiveBinding, findStatuses } from './binding.store.ts';
import type { PortEvents } from './port-events.ts';

export type PortStatusDeps = {
  readonly db: Db;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly events: PortEvents;
  readonly now: () => Date;
  readonly log: Logger;
};

export class PortStatus {
  readonly #deps: PortStatusDeps;
  readonly #queue = new KeyedQueue();

  constructor(deps: PortStatusDeps) {
    this.#deps = deps;
  }

  /** Follows what hosts see from now on. Returns the way to stop. */
  start(): () => void {
    const { desired, observed } = this.#deps;
    const stops = [
      desired.onChange(({ section, host, value }) => {
        // A host that is not there is told all of it when it comes, and then looked at as a whole.
        if (section !== 'servers' || observed.status(host)?.connected !== true) return;
        for (const { portId } of (value as DomainSpec | null)?.nics ?? []) {
          this.#soon(`port ${portId}`, async () => await this.check(portId));
        }
      }),
      observed.onChange(({ section, id, host, value }) => {
        if (section === 'ports') {
          const goneFrom = value === undefined ? host : undefined;
          this.#soon(`port ${id}`, async () => await this.check(id, goneFrom));
        }
        if (section === 'networks') {
          this.#soon(`network ${id}`, async () => await this.#checkDhcp(id));
        }
      }),
      observed.onHost((host, { listed }) => {
        // Of what is gone since the host was last heard of, it tells nothing.
        if (listed > 0) this.#soon(`host ${host}`, async () => await this.checkAll(host));
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

  /**
   * Sets one port's status to what its host sees. `goneFrom`: a host that has just said that it does not have it.
   * Returns whether the status was another.
   */
  async check(portId: string, goneFrom?: string): Promise<boolean> {
    const { db } = this.#deps;
    const port = await findPort(db, portId);
    const binding = port && (await findActiveBinding(db, portId));
    if (!port || !binding || PART_OWNERS.includes(port.device_owner)) return false;
    const seen =
      seenPort(this.#deps, binding.host, port) ??
      (binding.host === goneFrom ? NOT_THERE : undefined);
    return await setStatus(this.#deps, port, statusOf(port, binding, seen));
  }

  /** Every port again, or every port of a host. Returns how many there are, and how many had another status. */
  async checkAll(host?: string): Promise<{ readonly seen: number; readonly changed: number }> {
    const { db } = this.#deps;
    const rows = await findStatuses(db, host);
    let changed = 0;
    for (const row of rows) {
      const wanted = statusOf(row, row, seenPort(this.#deps, row.host, row));
      if (!isSame(row, wanted) && (await this.check(row.id))) changed += 1;
    }
    return { seen: rows.length, changed };
  }

  /** A DHCP server's port is where its network is. */
  async #checkDhcp(networkId: string): Promise<void> {
    const { db, observed } = this.#deps;
    const served = observed
      .hosts()
      .some((host) => observed.find(host, 'networks', networkId)?.error === null);
    for (const port of await findOwnedPorts(db, networkId, DHCP_OWNER)) {
      await setStatus(this.#deps, port, served ? ACTIVE : DOWN);
    }
  }

  /** Observations come in the middle of other things, so nobody waits for this; the reconciler makes up for a failure. */
  #soon(key: string, task: () => Promise<unknown>): void {
    this.#queue
      .run(key, async () => {
        await task();
      })
      .catch((err: unknown) => {
        this.#deps.log.error({ err, key }, 'the status of a port could not be set');
      });
  }
}

/** Sets a port's status, and tells who listens. Returns whether it was another. */
export async function setStatus(
  { db, events, now }: Pick<PortStatusDeps, 'db' | 'events' | 'now'>,
  port: PortRow,
  wanted: StatusColumns,
): Promise<boolean> {
  if (isSame(port, wanted)) return false;
  if (!(await updateStatus(db, 'ports', port.id, wanted, timestamp(now())))) return false;
  const is = wanted.status === 'ACTIVE';
  if (is !== (port.status === 'ACTIVE')) events.emit(is ? 'plugged' : 'unplugged', port);
  else if (wanted.status === 'ERROR' && port.status !== 'ERROR') events.emit('failed', port);
  return true;
}

function isSame(port: Pick<PortRow, keyof StatusColumns>, wanted: StatusColumns): boolean {
  return port.status === wanted.status && port.status_reason === wanted.status_reason;
}

/** What a host sees of a port. */
export function seenPort(
  { desired, observed }: Pick<PortStatusDeps, 'desired' | 'observed'>,
  host: string,
  port: { readonly id: string; readonly device_id: string },
): SeenPort {
  return seenAs(port.id, {
    seen: observed.find(host, 'ports', port.id),
    listed: (observed.status(host)?.listed ?? 0) > 0,
    server: desired.find(host, 'servers', port.device_id),
  });
}
