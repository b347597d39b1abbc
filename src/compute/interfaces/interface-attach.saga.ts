/** Gives a server one more card: its port, then the card itself. Undone, the port is as it was before. */
import { Saga } from '#platform/saga/saga.ts';
import type { PortFacts } from '#network/network-api.ts';
import { DEFAULT_ZONE } from '../compute-deps.ts';
import { serverGoing } from '../compute.faults.ts';
import { releaseCards } from '../servers/server-create-parts.ts';
import {
  contextOf,
  endAction,
  type SagaServer,
  type ServerSagaDeps,
} from '../servers/server-saga-deps.ts';
import type { ServerRow } from '../servers/server-row.ts';
import { findServer } from '../servers/server.store.ts';
import { deleteInterface, findInterface, updateInterface } from './interface.store.ts';

/** A guest that never answers to a card holds a request up no longer than this. */
export const CARD_MS = 180_000;

export type InterfaceAttachParams = SagaServer & {
  readonly portId: string;
  /** True for a port that its owner made. */
  readonly given: boolean;
  readonly networkId: string;
  readonly fixedIp: string | null;
};

export const interfaceAttach = new Saga<InterfaceAttachParams, ServerSagaDeps>('interface-attach')
  .step({
    name: 'port',
    run: async ({ params, deps, signal }) => {
      const { db, network } = deps;
      const server = await present(db, params);
      const ctx = contextOf(deps, params, signal);
      const device = {
        deviceId: server.id,
        deviceOwner: `compute:${server.availability_zone || DEFAULT_ZONE}`,
        host: server.host,
        hostname: server.hostname,
      };
      const { portId, networkId, fixedIp } = params;
      const port: PortFacts = params.given
        ? await network.ensurePortBound(ctx, portId, device)
        : await network.ensurePort(
            ctx,
            {
              id: portId,
              projectId: server.project_id,
              networkId,
              fixedIp,
              securityGroups: null,
            },
            device,
          );
      const [facts] = await network.findNetworks(ctx, [port.networkId]);
      await updateInterface(db, portId, {
        mac: port.mac,
        mtu: facts?.mtu ?? 1500,
        network_id: port.networkId,
      });
      return server.host;
    },
    undo: async ({ params, deps, signal, error }) => {
      const { db, network } = deps;
      await releaseCards(network, contextOf(deps, params, signal), {
        serverId: params.serverId,
        nics: [{ portId: params.portId, given: params.given }],
      });
      await deleteInterface(db, params.portId);
      await endAction(deps, db, params, error.message);
    },
  })
  .step({
    name: 'card',
    run: async ({ params, deps, signal }) => {
      const { db, servers } = deps;
      const server = await present(db, params);
      const revision = await servers.publish(server.id);
      await servers.settled(
        server,
        revision,
        ({ power, nics }) =>
          (power !== 'running' && power !== 'paused') ||
          nics.some(({ portId }) => portId === params.portId),
        { signal, withinMs: CARD_MS },
      );
      await updateInterface(db, params.portId, { state: 'attached' });
      await endAction(deps, db, params, null, server.host);
      return true;
    },
    undo: async ({ params, deps, signal }) => {
      const { db, servers, log } = deps;
      await updateInterface(db, params.portId, { state: 'detaching' });
      const server = await findServer(db, params.serverId);
      // A server that is going takes its cards with it.
      if (!server || server.task_state === 'deleting' || server.boot === null) return;
      const revision = await servers.publish(server.id);
      if (!servers.isUp(server.host)) return;
      try {
        const gone = await servers.settled(
          server,
          revision,
          ({ nics }) => !nics.some(({ portId }) => portId === params.portId),
          { signal, withinMs: CARD_MS },
        );
        log.info({ server_id: server.id, power: gone.power }, 'a card was taken back');
      } catch (error) {
        signal.throwIfAborted();
        // The host goes on trying: the card is not in its document any more.
        log.error(
          { err: error, server_id: server.id, port_id: params.portId },
          'a card stays for now',
        );
      }
    },
  });

async function present(
  db: ServerSagaDeps['db'],
  { serverId, portId }: InterfaceAttachParams,
): Promise<ServerRow> {
  const server = await findServer(db, serverId);
  const card = await findInterface(db, portId);
  if (!server || server.task_state === 'deleting' || card?.server_id !== serverId) {
    throw serverGoing(serverId);
  }
  return server;
}
