/** Takes a server away: its guest, its ports, its images, its room on the host. Only its closed row stays. */
import { Saga } from '#platform/saga/saga.ts';
import { listLiveSagas } from '#platform/saga/saga.store.ts';
import { deleteConsoleTokensOf } from '../consoles/console-token.store.ts';
import { deleteInterfacesOf, listInterfaces } from '../interfaces/interface.store.ts';
import { releaseCards, releaseImages } from './server-create-parts.ts';
import {
  contextOf,
  endAction,
  serverFault,
  type SagaServer,
  type ServerSagaDeps,
} from './server-saga-deps.ts';
import { findServer, updateServer } from './server.store.ts';

export type ServerDeleteParams = SagaServer;

export const serverDelete = new Saga<ServerDeleteParams, ServerSagaDeps>('server-delete')
  .step({
    name: 'quiet',
    // Whatever else is being done to the server ends first; it notices that the server is going and undoes itself.
    run: async ({ params, deps, signal }) => {
      const { db, sagas, servers } = deps;
      servers.markGoing(params.serverId);
      const others = (await listLiveSagas(db, params.serverId)).filter(
        ({ name }) => name !== 'server-delete',
      );
      for (const { id } of others) await sagas.wait(id, signal);
      return others.length;
    },
    undo: async ({ params, deps, error }) => {
      // The guest may be gone already: what is left can only be deleted once more.
      const at = deps.now();
      deps.servers.forgetGoing(params.serverId);
      await updateServer(deps.db, params.serverId, {
        vm_state: 'error',
        task_state: null,
        fault: JSON.stringify(serverFault(error.message, at, `${error.step}: ${error.code}`)),
        updated_at: at.toISOString(),
      });
      await endAction(deps, deps.db, params, error.message);
    },
  })
  .step({
    name: 'gone',
    run: async ({ params, deps, signal }) => {
      const { db, servers, now, log } = deps;
      const server = await findServer(db, params.serverId);
      if (!server) return '';
      if (server.host !== '') {
        const revision = servers.withdraw(server.host, server.id);
        const faults: string[] = [];
        await servers.absent(server, revision, {
          signal,
          onError: (err) => {
            if (faults.includes(err.message)) return;
            faults.push(err.message);
            log.error(
              { err, server_id: server.id },
              'a guest cannot be removed; the host goes on trying',
            );
          },
        });
      }
      await updateServer(db, server.id, {
        boot: null,
        power_state: 0,
        updated_at: now().toISOString(),
      });
      return server.host;
    },
  })
  .step({
    name: 'freed',
    run: async ({ params, deps, signal }) => {
      const { db, network, image, placement, servers, now } = deps;
      const server = await findServer(db, params.serverId);
      servers.forgetGoing(params.serverId);
      if (!server) return true;
      const ctx = contextOf(deps, params, signal);
      const cards = await listInterfaces(db, server.id);
      const known = new Set(cards.map((card) => card.port_id));
      // compat: a port that somebody wired to the server by hand goes with it.
      const wired = ((await network.portsOf(ctx, [server.id])).get(server.id) ?? []).filter(
        ({ id }) => !known.has(id),
      );
      await releaseCards(network, ctx, {
        serverId: server.id,
        nics: [
          ...cards.map((card) => ({ portId: card.port_id, given: card.preserve_on_delete === 1 })),
          ...wired.map(({ id }) => ({ portId: id, given: false })),
        ],
      });
      await releaseImages(image, server);
      const at = now().toISOString();
      await db.transaction().execute(async (tx) => {
        await placement.release(tx, server.id);
        await deleteInterfacesOf(tx, server.id);
        await deleteConsoleTokensOf(tx, server.id);
        await updateServer(tx, server.id, {
          vm_state: 'deleted',
          task_state: null,
          power_state: 0,
          terminated_at: at,
          updated_at: at,
          deleted: 1,
        });
        await endAction(deps, tx, params, null, server.host);
      });
      return true;
    },
  });
