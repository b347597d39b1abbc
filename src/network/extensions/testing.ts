/** For tests: the routes around networks and ports, on a database of their own. A token is `project:role,role`. */
import type { Context } from '#platform/context.ts';
import { openDatabase } from '#platform/db/database.ts';
import { Fault } from '#platform/fault.ts';
import { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { networkDialect } from '#platform/http/fault-bodies.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import { testIdentity } from '#platform/http/test-identity.ts';
import { newMac, newUuid } from '#platform/ids.ts';
import { silentLog } from '#platform/log.ts';
import { Policy } from '#platform/policy/policy.ts';
import { policyNotAuthorized } from '../network.faults.ts';
import { CORE_POLICIES } from '../policies.ts';
import { setPortGroups } from '../security-groups/port-groups.ts';
import { EXTRA_POLICIES, extraRoutes } from './all.routes.ts';

/** What the tests read of an answer. */
export type Answer = { readonly status: number; readonly body: unknown; readonly error: string };

export async function startExtras(options: { now?: () => Date } = {}) {
  const db = await openDatabase(':memory:');
  const stop = new AbortController();
  const observed = new ObservedHosts();
  const policy = new Policy([...CORE_POLICIES, ...EXTRA_POLICIES], {}, (rule) =>
    policyNotAuthorized(`rule:${rule}`),
  );
  const now = options.now ?? (() => new Date('2026-01-02T03:04:05.678Z'));
  const rowTarget =
    (table: 'networks' | 'subnets' | 'ports' | 'routers' | 'floating_ips') =>
    async ({ projectId }: Context, id: string) => {
      const row = await db
        .selectFrom(table)
        .select('project_id')
        .where('id', '=', id)
        .executeTakeFirst();
      if (row?.project_id !== projectId) throw new Fault('not-found', 'NotFound', id);
      return { project_id: row.project_id };
    };
  const findTarget = {
    networks: rowTarget('networks'),
    subnets: rowTarget('subnets'),
    ports: rowTarget('ports'),
    routers: rowTarget('routers'),
    floatingips: rowTarget('floating_ips'),
  };
  const hosts = {
    groupsChanged: async () => {},
    addressGroupsChanged: async () => {},
    networkChanged: async () => {},
  };
  const deps = { db, policy, now, newId: newUuid, observed, findTarget, hosts };
  const routes = extraRoutes(deps);
  const app = createHttpApp({
    services: [{ prefix: '/networking', dialect: networkDialect, routes }],
    log: silentLog(),
    authenticate: async (token) => testIdentity(token),
    authUrl: () => 'http://127.0.0.1/identity',
    signal: stop.signal,
  });
  const as = (token: string) => {
    const send = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
      answerOf(
        await app.inject({
          method,
          url: `/networking/v2.0${path}`,
          headers: { 'x-auth-token': token },
          ...(body !== undefined && { payload: body as object }),
        }),
      );
    return {
      get: async (path: string) => await send('GET', path),
      post: async (path: string, body: unknown) => await send('POST', path, body),
      put: async (path: string, body?: unknown) => await send('PUT', path, body),
      delete: async (path: string) => await send('DELETE', path),
    };
  };
  return {
    app,
    db,
    deps,
    observed,
    as,
    /** A network of a project, as a row. */
    addNetwork: async (projectId: string) => {
      const id = newUuid();
      const row = { ...standard(id, projectId), external: 0, is_default: 0, mtu: 1500 } as const;
      await db
        .insertInto('networks')
        .values({
          ...row,
          network_type: 'local',
          availability_zone_hints: '[]',
          storm_control: '{}',
        })
        .execute();
      return id;
    },
    /** A port of a project, as a row, in groups. */
    addPort: async (projectId: string, networkId: string, groupIds: readonly string[] = []) => {
      const id = newUuid();
      await db
        .insertInto('ports')
        .values({
          ...standard(id, projectId),
          network_id: networkId,
          mac_address: newMac(),
          status: 'DOWN',
          device_id: '',
          device_owner: '',
          ip_allocation: 'none',
          allowed_address_pairs: '[]',
          extra_dhcp_opts: '[]',
          dns_name: '',
          propagate_uplink_status: 1,
          permitted_ethertypes: '[]',
          storm_control: '{}',
          storm_clears: 0,
        })
        .execute();
      await setPortGroups(db, id, groupIds);
      return id;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await app.close();
      await db.destroy();
    },
  };
}

/** What networks and ports both have. */
function standard(id: string, projectId: string) {
  const at = '2026-01-01T00:00:00Z';
  return {
    id,
    project_id: projectId,
    name: '',
    description: '',
    admin_state_up: 1,
    port_security_enabled: 1,
    dns_domain: '',
    revision_number: 0,
    created_at: at,
    updated_at: at,
  } as const;
}

function answerOf(response: {
  readonly statusCode: number;
  readonly body: string;
  json(): unknown;
}): Answer {
  const body = response.body === '' ? null : response.json();
  const error = (body as { NeutronError?: { type: string; message: string } } | null)?.NeutronError;
  return {
    status: response.statusCode,
    body,
    error: error ? `${error.type}: ${error.message}` : '',
  };
}
