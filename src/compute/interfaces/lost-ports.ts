/** Unplugs cards whose ports were deleted in the network: at once when that is heard of, and by looking every so often. */
import type { Db } from '#platform/db/tables.ts';
import { internalContext } from '#platform/context.ts';
import { newRequestId } from '#platform/ids.ts';
import type { Logger } from '#platform/log.ts';
import type { Reconciler, Tally } from '#platform/reconcile/reconciler.ts';
import type { SagaEngine } from '#platform/saga/engine.ts';
import type { NetworkApi } from '#network/network-api.ts';
import { insertActions } from '../instance-actions/instance-action.store.ts';
import { findServer } from '../servers/server.store.ts';
import { interfaceDetach } from './interface-detach.saga.ts';
import { findInterface, listAllInterfaces, updateInterface } from './interface.store.ts';

export type LostPortsDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  readonly network: NetworkApi;
  readonly sagas: SagaEngine;
};

export class LostPorts implements Reconciler {
  readonly name = 'lost-ports';
  readonly everyMs = 60_000;
  readonly #deps: LostPortsDeps;
  readonly #stop: () => void;

  constructor(deps: LostPortsDeps) {
    this.#deps = deps;
    this.#stop = deps.network.onPortEvent(({ kind, portId }) => {
      if (kind !== 'deleted') return;
      this.unplug(portId).catch((error: unknown) => {
        deps.log.error({ err: error, port_id: portId }, 'the card of a deleted port stays for now');
      });
    });
  }

  async run(signal: AbortSignal): Promise<Tally> {
    const { db, network, log } = this.#deps;
    const cards = await listAllInterfaces(db);
    const ctx = internalContext(log, signal);
    const ports = await network.portsOf(ctx, [...cards.keys()]);
    let changed = 0;
    for (const [serverId, own] of cards) {
      const present = new Set(ports.get(serverId)?.map(({ id }) => id));
      for (const { port_id: portId } of own.filter((card) => !present.has(card.port_id))) {
        signal.throwIfAborted();
        if (await this.unplug(portId)) changed += 1;
      }
    }
    return { seen: cards.size, changed, failed: [] };
  }

  close(): void {
    this.#stop();
  }

  /**
   * Does nothing for a card that is being plugged or unplugged already, or whose server is going; nor for one of
   * another server than is said.
   */
  async unplug(portId: string, serverId?: string): Promise<boolean> {
    const { db, sagas, now } = this.#deps;
    const requestId = newRequestId();
    const started = await db.transaction().execute(async (tx) => {
      const card = await findInterface(tx, portId);
      if (card?.state !== 'attached') return false;
      if (serverId !== undefined && card.server_id !== serverId) return false;
      const server = await findServer(tx, card.server_id);
      // A server that is being built, undone or deleted has sagas that give its ports back themselves.
      const settled = server?.boot && server.vm_state !== 'building';
      if (!settled || server.task_state === 'deleting') return false;
      await updateInterface(tx, portId, { state: 'detaching' });
      await insertActions(tx, [
        {
          server_id: server.id,
          request_id: requestId,
          action: 'detach_interface',
          user_id: '',
          project_id: server.project_id,
          start_time: now().toISOString(),
          finish_time: null,
          message: null,
          event: 'compute_detach_interface',
          host: server.host,
          details: null,
        },
      ]);
      const { id, project_id: projectId } = server;
      const params = { serverId: id, projectId, requestId, portId };
      await sagas.start(tx, interfaceDetach, params, {
        resourceId: id,
        projectId,
        requestId,
      });
      return true;
    });
    if (started) sagas.wake();
    return started;
  }
}
