/** Makes the rows of servers say what their hosts report: at each report, and for all servers every so often. */
import { KeyedQueue } from '#base/async.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import type { Reconciler, Tally } from '#platform/reconcile/reconciler.ts';
import { listInterfaces } from '../interfaces/interface.store.ts';
import { finishActionsNamed } from '../instance-actions/instance-action.store.ts';
import type { DesiredServers } from './desired-servers.ts';
import { POWER_ACTION_NAMES } from './server-actions.rules.ts';
import { planPower } from './server-power.rules.ts';
import { serverFault } from './server-saga-deps.ts';
import type { ServerRow } from './server-row.ts';
import { findServer, listPlacedServers, updateServerAt } from './server.store.ts';

export type ServerPowerDeps = {
  readonly db: Db;
  readonly now: () => Date;
  readonly log: Logger;
  readonly observed: ObservedHosts;
  readonly servers: DesiredServers;
};

export class ServerPower implements Reconciler {
  readonly name = 'server-power';
  readonly everyMs = 30_000;
  readonly #deps: ServerPowerDeps;
  readonly #queue = new KeyedQueue();
  readonly #stop: () => void;
  /** Servers whose turn comes anyway: a report for one of them adds nothing. */
  readonly #due = new Set<string>();

  constructor(deps: ServerPowerDeps) {
    this.#deps = deps;
    this.#stop = deps.observed.onChange(({ section, id }) => {
      if (section === 'servers') this.#soon(id);
    });
  }

  async run(signal: AbortSignal): Promise<Tally> {
    const { db } = this.#deps;
    const servers = await listPlacedServers(db);
    let changed = 0;
    for (const server of servers) {
      signal.throwIfAborted();
      if (this.#planOf(server) && (await this.#sync(server.id))) changed += 1;
    }
    return { seen: servers.length, changed, failed: [] };
  }

  /** Compares one server with what its host last said, soon. */
  lookAt(id: string): void {
    this.#soon(id);
  }

  /** Resolves when every report so far has been dealt with. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#queue.idle();
  }

  #soon(id: string): void {
    if (this.#due.has(id)) return;
    this.#due.add(id);
    this.#queue
      .run(id, async () => {
        this.#due.delete(id);
        return await this.#sync(id);
      })
      .catch((error: unknown) => {
        this.#deps.log.error({ err: error, server_id: id }, 'a report of a host was not taken in');
      });
  }

  async #sync(id: string): Promise<boolean> {
    const { db, now, log, servers } = this.#deps;
    const server = await findServer(db, id);
    const plan = server && this.#planOf(server);
    if (!plan) return false;
    const at = now();
    const { change, failed } = plan;
    const row = await db.transaction().execute(async (tx) => {
      const changed = await updateServerAt(tx, server, {
        ...change,
        ...(failed !== null && { fault: JSON.stringify(serverFault(failed, at)) }),
        updated_at: at.toISOString(),
      });
      // Somebody was quicker: the row is looked at again when the host has dealt with that.
      if (changed && server.task_state !== null) {
        await finishActionsNamed(tx, id, POWER_ACTION_NAMES, {
          finish_time: at.toISOString(),
          message: failed === null ? null : 'Error',
          details: failed,
        });
      }
      return changed;
    });
    if (!row) return false;
    if (change.power !== undefined && row.boot !== null) {
      servers.tell(row, await listInterfaces(db, id));
    }
    log.info(
      { server_id: id, vm_state: row.vm_state, task_state: row.task_state, why: failed },
      'server changed by its host',
    );
    return true;
  }

  #planOf(server: ServerRow) {
    const { servers } = this.#deps;
    const seen = servers.seen(server);
    // What a host says before it has heard the present wish is about an earlier one.
    if (!seen || !servers.isSettled(server, seen)) return undefined;
    return planPower({ server, seen });
  }
}
