/** Builds a server: claim a host, give it ports, start it. Undone, nothing is left but its row, in ERROR. */
import { delay } from '#base/async.ts';
import type { Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import { Saga, type SagaError } from '#platform/saga/saga.ts';
import { serverGoing } from '../compute.faults.ts';
import {
  deleteInterfacesOf,
  insertInterfaces,
  listInterfaces,
} from '../interfaces/interface.store.ts';
import { portInUse } from './server-network.faults.ts';
import type { Wanted } from '../scheduler/scheduler.rules.ts';
import { ensureCards, releaseCards, releaseImages, type NicPlan } from './server-create-parts.ts';
import { prepareBoot } from './server-boot.ts';
import {
  contextOf,
  endAction,
  failServer,
  type SagaServer,
  type ServerSagaDeps,
} from './server-saga-deps.ts';
import { buildFault } from './server-create.rules.ts';
import type { ServerRow } from './server-row.ts';
import { findAnyServer, findServer, updateServer } from './server.store.ts';

export type ServerCreateParams = SagaServer & {
  /** In the order of the request: the first has the lowest slot. */
  readonly nics: readonly NicPlan[];
  /** Ids of the groups for ports that are made; null for the project's default group. */
  readonly securityGroups: readonly string[] | null;
  readonly externalAllowed: boolean;
  readonly zone: string | null;
  readonly host: string | null;
  readonly forced: boolean;
  /** Servers named in the hints `different_host` and `same_host`. */
  readonly differentHost: readonly string[];
  readonly sameHost: readonly string[];
};

/** While hosts that are away are waited for, they are looked for this often. */
const AGAIN_MS = 100;

export const serverCreate = new Saga<ServerCreateParams, ServerSagaDeps>('server-create')
  .step({
    name: 'host',
    run: async ({ params, deps, signal }) => {
      for (;;) {
        try {
          return await claimHost(deps, params);
        } catch (error) {
          const none = error instanceof Fault && error.code === 'NoValidHost';
          if (!none || !(await deps.grace.isAwaited(deps.db))) throw error;
          await delay(AGAIN_MS, signal);
        }
      }
    },
    undo: async ({ params, deps, error }) => {
      await fail(deps, params, error);
      await deps.db.transaction().execute(async (tx) => {
        await deps.placement.release(tx, params.serverId);
        await updateServer(tx, params.serverId, { host: '', availability_zone: '' });
      });
    },
  })
  .step({
    name: 'ports',
    run: async ({ params, done, deps, signal }) => {
      const server = await buildable(deps.db, params);
      const ctx = contextOf(deps, params, signal);
      const cards = await ensureCards(deps.network, ctx, {
        server,
        host: done.host.host,
        zone: done.host.zone,
        nics: params.nics,
        securityGroups: params.securityGroups,
        externalAllowed: params.externalAllowed,
      });
      await insertInterfaces(deps.db, cards);
      // A port can be another server's card already, when that one asked for it at the same time.
      const own = new Set((await listInterfaces(deps.db, server.id)).map((card) => card.port_id));
      const lost = cards.find((card) => !own.has(card.port_id));
      if (lost) throw portInUse(lost.port_id);
      return cards.length;
    },
    undo: async ({ params, deps, signal, error }) => {
      await fail(deps, params, error);
      await releaseCards(deps.network, contextOf(deps, params, signal), params);
      await deleteInterfacesOf(deps.db, params.serverId);
    },
  })
  .step({
    name: 'guest',
    run: async ({ params, deps, signal }) => {
      const { db, servers, now } = deps;
      const server = await buildable(db, params);
      if (server.vm_state !== 'building') return server.host;
      const ctx = contextOf(deps, params, signal);
      if (server.boot === null) {
        const boot = await prepareBoot(deps, ctx, server);
        await updateServer(db, server.id, {
          boot: JSON.stringify(boot),
          task_state: 'spawning',
          updated_at: now().toISOString(),
        });
      }
      const revision = await servers.publish(server.id);
      // A guest that has ended again at once was built all the same.
      await servers.settled(server, revision, ({ power }) => power !== 'absent', {
        signal,
        withinMs: null,
      });
      await untilPlugged(deps, ctx, { server, revision });
      await db.transaction().execute(async (tx) => {
        const { id } = await buildable(tx, params);
        const at = now().toISOString();
        await updateServer(tx, id, {
          vm_state: 'active',
          task_state: null,
          power_state: 1,
          launched_at: at,
          updated_at: at,
        });
        await endAction(deps, tx, params, null, server.host);
      });
      // What the host has said while the server was being built, nobody has taken in.
      deps.lookAgain(server.id);
      return server.host;
    },
    undo: async ({ params, done, deps, signal, error }) => {
      await fail(deps, params, error);
      const { servers, log } = deps;
      const host = done.host?.host;
      if (host !== undefined) {
        const revision = servers.withdraw(host, params.serverId);
        await servers.absent({ id: params.serverId, host }, revision, {
          signal,
          onError: (err) => log.error({ err, server_id: params.serverId }, 'a guest stays'),
        });
      }
      const server = await findAnyServer(deps.db, params.serverId);
      if (!server) return;
      await releaseImages(deps.image, server);
      await updateServer(deps.db, server.id, { boot: null });
    },
  });

/** Waits for the cards of a guest that runs. One that ends meanwhile has nothing to plug any more. */
async function untilPlugged(
  { servers, plugs }: ServerSagaDeps,
  ctx: Context,
  { server, revision }: { readonly server: ServerRow; readonly revision: number },
): Promise<void> {
  const done = new AbortController();
  const signal = AbortSignal.any([ctx.signal, done.signal]);
  const ended = servers.settled(
    server,
    revision,
    ({ power }) => power !== 'running' && power !== 'paused',
    { signal, withinMs: null },
  );
  try {
    await Promise.race([plugs.plugged(ctx, server.id, signal), ended]);
  } finally {
    done.abort();
  }
}

async function claimHost(
  { db, scheduler, now }: ServerSagaDeps,
  params: ServerCreateParams,
): Promise<{ readonly host: string; readonly zone: string }> {
  return await db.transaction().execute(async (tx) => {
    const server = await buildable(tx, params);
    if (server.host !== '') return { host: server.host, zone: server.availability_zone };
    const wanted = await wantedOf(tx, params);
    const { host, zone } = await scheduler.claim(tx, server, wanted);
    await updateServer(tx, server.id, {
      host,
      availability_zone: zone,
      task_state: 'networking',
      updated_at: now().toISOString(),
    });
    return { host, zone };
  });
}

/** The row, as long as nobody wants the server gone. */
async function buildable(
  db: ServerSagaDeps['db'],
  { serverId }: ServerCreateParams,
): Promise<ServerRow> {
  const server = await findServer(db, serverId);
  if (!server || server.task_state === 'deleting') throw serverGoing(serverId);
  return server;
}

async function fail(
  deps: ServerSagaDeps,
  params: ServerCreateParams,
  error: SagaError,
): Promise<void> {
  const { message, details } = buildFault(params.serverId, error);
  await failServer(deps, params, message, details);
}

async function wantedOf(
  db: ServerSagaDeps['db'],
  params: ServerCreateParams,
): Promise<Omit<Wanted, 'group'>> {
  const hostsOf = async (ids: readonly string[]) => {
    const hosts = new Set<string>();
    for (const id of ids) {
      const other = await findServer(db, id);
      if (other && other.host !== '') hosts.add(other.host);
    }
    return hosts;
  };
  return {
    zone: params.zone,
    host: params.host,
    forced: params.forced,
    differentFrom: await hostsOf(params.differentHost),
    sameAs: await hostsOf(params.sameHost),
  };
}
