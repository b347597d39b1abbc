/** A whole identity service on a database of its own, for tests. `await using` closes it. */
import { openDatabase } from '#platform/db/database.ts';
import type { Db } from '#platform/db/tables.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import { silentLog } from '#platform/log.ts';
import { createIdentity } from '../index.ts';

export const ADMIN_PASSWORD = 'admin-secret';

/** An answer, with its body read. */
export type Answer = {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read whatever came
  readonly body: any;
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
};

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export async function startIdentity(
  options: { db?: Db; policy?: Record<string, string>; publicUrl?: string } = {},
) {
  const publicUrl = options.publicUrl ?? 'http://cloud.test:8774';
  const db = options.db ?? (await openDatabase(':memory:'));
  const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
  const stop = new AbortController();
  const identity = createIdentity({
    db,
    log: silentLog(),
    publicUrl,
    policyOverrides: options.policy ?? {},
    now: () => new Date(clock.ms),
    passwordLogN: 4,
  });
  await identity.bootstrap.ensureBootstrap({ adminPassword: ADMIN_PASSWORD });
  const app = createHttpApp({
    services: [identity.service],
    log: silentLog(),
    authenticate: async (token) => await identity.api.authenticate(token),
    authUrl: () => `${publicUrl}/identity`,
    signal: stop.signal,
  });

  const send = async (
    method: Method,
    path: string,
    payload?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await app.inject({
      method,
      url: `/identity${path}`,
      headers: { host: 'cloud.test:8774', ...headers },
      ...(payload !== undefined && { payload: payload as object }),
    });
    const isJson =
      response.body !== '' && String(response.headers['content-type']).includes('json');
    return {
      status: response.statusCode,
      body: isJson ? response.json() : response.body,
      headers: response.headers,
    };
  };

  /** Speaks with a token. */
  const as = (token: string) => {
    const bound =
      (method: Method) =>
      async (path: string, payload?: unknown, headers: Record<string, string> = {}) =>
        await send(method, path, payload, { 'x-auth-token': token, ...headers });
    return {
      token,
      get: async (path: string, headers?: Record<string, string>) =>
        await bound('GET')(path, undefined, headers),
      head: async (path: string, headers?: Record<string, string>) =>
        await bound('HEAD')(path, undefined, headers),
      delete: async (path: string, headers?: Record<string, string>) =>
        await bound('DELETE')(path, undefined, headers),
      post: bound('POST'),
      put: bound('PUT'),
      patch: bound('PATCH'),
    };
  };

  /** Asks for a token with a password; `scope` is what stands in the request. */
  const login = async (name: string, password: string, scope?: unknown): Promise<Answer> =>
    await send('POST', '/v3/auth/tokens', {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name, domain: { id: 'default' }, password } },
        },
        ...(scope !== undefined && { scope }),
      },
    });

  /** Speaks as somebody who logs in. */
  const user = async (name: string, password: string, scope?: unknown) => {
    const answer = await login(name, password, scope);
    if (answer.status !== 201) throw new Error(`${name} cannot log in: ${String(answer.status)}`);
    return as(String(answer.headers['x-subject-token']));
  };

  const admin = async () => await user('admin', ADMIN_PASSWORD, projectScope('admin'));

  /** Makes something as the admin, and returns it. */
  const make = async (collection: string, member: string, body: Record<string, unknown>) => {
    const answer = await (await admin()).post(`/v3/${collection}`, { [member]: body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body[member];
  };

  /** The id of a role, by its name. */
  const roleId = async (name: string): Promise<string> =>
    (await (await admin()).get(`/v3/roles?name=${name}`)).body.roles[0].id;

  return {
    db,
    clock,
    app,
    identity,
    send,
    as,
    login,
    user,
    admin,
    make,
    roleId,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await app.close();
      if (!options.db) await db.destroy();
    },
  };
}

export type TestIdentity = Awaited<ReturnType<typeof startIdentity>>;

/** A project of the default domain, as a scope. */
export function projectScope(name: string) {
  return { project: { name, domain: { id: 'default' } } };
}

/** Makes a user with a role on a project of the same name, who can log in with their name as the password. */
export async function makeMember(cloud: TestIdentity, name: string, role = 'member') {
  const made = await cloud.identity.bootstrap.ensureProjectWithUser({
    projectName: name,
    userName: name,
    password: name,
    roles: [role],
  });
  return { ...made, login: async () => await cloud.user(name, name, projectScope(name)) };
}
