/** Takes a card from a server: the card itself, then its port. */
import { Saga } from '#platform/saga/saga.ts';
import { releaseCards } from '../servers/server-create-parts.ts';
import {
  contextOf,
  endAction,
  type SagaServer,
  type ServerSagaDeps,
} from '../servers/server-saga-deps.ts';
import { findServer } from '../servers/server.store.ts';
import { CARD_MS } from './interface-attach.saga.ts';
import { deleteInterface, findInterface, updateInterface } from './interface.store.ts';

export type InterfaceDetachParams = SagaServer & { readonly portId: string };

export const interfaceDetach = new Saga<InterfaceDetachParams, ServerSagaDeps>('interface-detach')
  .step({
    name: 'card',
    run: async ({ params, deps, signal }) => {
      const { db, servers } = deps;
      const server = await findServer(db, params.serverId);
      // Its deletion takes care of the rest.
      if (!server || server.task_state === 'deleting' || server.boot === null) return true;
      const revision = await servers.publish(server.id);
      await servers.settled(
        server,
        revision,
        ({ nics, power }) =>
          (power !== 'running' && power !== 'paused') ||
          !nics.some(({ portId }) => portId === params.portId),
        { signal, withinMs: CARD_MS },
      );
      return true;
    },
    undo: async ({ params, deps, error }) => {
      const { db, servers } = deps;
      await updateInterface(db, params.portId, { state: 'attached' });
      const server = await findServer(db, params.serverId);
      if (server && server.task_state !== 'deleting' && server.boot !== null) {
        await servers.publish(server.id);
      }
      await endAction(deps, db, params, error.message);
    },
  })
  .step({
    name: 'port',
    run: async ({ params, deps, signal }) => {
      const { db, network } = deps;
      const card = await findInterface(db, params.portId);
      if (card) {
        await releaseCards(network, contextOf(deps, params, signal), {
          serverId: params.serverId,
          nics: [{ portId: card.port_id, given: card.preserve_on_delete === 1 }],
        });
        await deleteInterface(db, params.portId);
      }
      await endAction(deps, db, params, null);
      return true;
    },
  });
