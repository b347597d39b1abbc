/** Gives a server new disks, made from an image, and starts it with them. Its cards, their places and its addresses stay. */
import { Saga } from '#platform/saga/saga.ts';
import { serverGoing } from '../compute.faults.ts';
import { releaseImages } from './server-create-parts.ts';
import { prepareBoot } from './server-boot.ts';
import type { ImageColumns } from './server-boot-image.ts';
import {
  contextOf,
  endAction,
  serverFault,
  type SagaServer,
  type ServerSagaDeps,
} from './server-saga-deps.ts';
import { bootOf, type BootFacts, type ServerRow } from './server-row.ts';
import { findServer, updateServer } from './server.store.ts';

export type ServerRebuildParams = SagaServer & {
  /** The images before; the row names the new ones already. */
  readonly before: ImageColumns;
  /** What the counts are from then on. */
  readonly rebuildCount: number;
  readonly rebootCount: number;
  readonly keepEphemeral: boolean;
};

export const serverRebuild = new Saga<ServerRebuildParams, ServerSagaDeps>('server-rebuild')
  .step({
    name: 'images',
    run: async ({ params, deps, signal }) => {
      const server = await present(deps.db, params);
      return await prepareBoot(deps, contextOf(deps, params, signal), server);
    },
    undo: async ({ params, deps, error }) => {
      const { db, image, now } = deps;
      const server = await findServer(db, params.serverId);
      // A server that is going gives back all of its images itself.
      if (!server) return;
      const at = now();
      // What the host has begun it goes on with: then the disks are of the new image, and the old one is let go.
      const begun = bootOf(server)?.rebuild?.count === params.rebuildCount;
      if (begun) await releaseImages(image, { ...params.before, id: server.id }, server);
      else await releaseImages(image, server, params.before);
      const going = server.task_state === 'deleting';
      await updateServer(db, server.id, {
        ...(begun ? {} : params.before),
        ...(!going && { task_state: null, vm_state: 'error' }),
        fault: JSON.stringify(serverFault(error.message, at, `${error.step}: ${error.code}`)),
        updated_at: at.toISOString(),
      });
      await endAction(deps, db, params, error.message);
    },
  })
  .step({
    name: 'guest',
    run: async ({ params, done, deps, signal }) => {
      const { db, servers, now } = deps;
      const { rebuildCount: count, rebootCount, keepEphemeral } = params;
      const server = await present(db, params);
      const boot: BootFacts = { ...done.images, rebuild: { count, keepEphemeral } };
      await updateServer(db, server.id, {
        boot: JSON.stringify(boot),
        reboot_count: rebootCount,
        reboot_type: 'hard',
        task_state: 'rebuild_spawning',
        updated_at: now().toISOString(),
      });
      const revision = await servers.publish(server.id);
      // One that is off gets its new disks when it is started.
      await servers.settled(
        server,
        revision,
        ({ power, rebootCount: seen }) =>
          server.power === 'stopped' || (power !== 'absent' && seen >= rebootCount),
        { signal, withinMs: null },
      );
      return true;
    },
  })
  .step({
    name: 'old-images',
    run: async ({ params, deps }) => {
      const { db, image, now, lookAgain } = deps;
      await db.transaction().execute(async (tx) => {
        const server = await present(tx, params);
        const at = now().toISOString();
        await updateServer(tx, server.id, {
          task_state: null,
          vm_state: server.power === 'stopped' ? 'stopped' : 'active',
          power_state: server.power === 'stopped' ? 4 : 1,
          launched_at: at,
          updated_at: at,
          fault: null,
        });
        await endAction(deps, tx, params, null, server.host);
      });
      const server = await present(db, params);
      await releaseImages(image, { ...params.before, id: server.id }, server);
      // What the host has said meanwhile, nobody has taken in.
      lookAgain(server.id);
      return true;
    },
  });

async function present(
  db: ServerSagaDeps['db'],
  { serverId }: ServerRebuildParams,
): Promise<ServerRow> {
  const server = await findServer(db, serverId);
  if (!server || server.task_state === 'deleting') throw serverGoing(serverId);
  return server;
}
