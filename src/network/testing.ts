/** For tests: the whole network service on a database of its own, without sockets. A token is `project:role,role`. */
import type { Context } from '#platform/context.ts';
import { internalContext } from '#platform/context.ts';
import { openDatabase } from '#platform/db/database.ts';
import { Fault } from '#platform/fault.ts';
import { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import { testIdentity } from '#platform/http/test-identity.ts';
import { silentLog } from '#platform/log.ts';
import type { CounterReader } from './counters/counter.service.ts';
import { createNetwork, type NetworkOptions } from './index.ts';

/** What tests read of an answer. */
export type Answer = {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  readonly body: any;
  /** `type: message` of a refusal, '' otherwise. */
  readonly error: string;
};

const HOST_FACTS = {
  hypervisorType: 'fake',
  accelerator: 'fake',
  acceleratorReason: null,
  hypervisorVersion: 1,
  vcpus: 8,
  memoryMib: 8192,
  diskGib: 100,
  cpuModel: 'fake',
};

/** No host tells its counters. */
const NOBODY: CounterReader = {
  readCounters: async (host) => {
    throw new Fault('unavailable', 'HostDown', `The agent of host '${host}' cannot be reached.`);
  },
};

export async function startNetwork(options: Partial<NetworkOptions> = {}) {
  const db = options.db ?? (await openDatabase(':memory:'));
  const stop = new AbortController();
  const desired = new DesiredHosts();
  const observed = new ObservedHosts();
  let time = Date.parse('2026-01-02T03:04:05.000Z');
  // Each look at the clock is a millisecond later, so that rows have an order.
  const now = () => new Date((time += 1));
  const network = createNetwork({
    db,
    log: silentLog(),
    now,
    desired,
    observed,
    hostReader: NOBODY,
    ...options,
  });
  const app = createHttpApp({
    services: [network.service],
    log: silentLog(),
    authenticate: async (token) => testIdentity(token),
    authUrl: () => 'http://127.0.0.1/identity',
    signal: stop.signal,
  });

  const as = (token: string) => {
    const send = async (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: unknown,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<Answer> => {
      const answer = await app.inject({
        method,
        url: `/networking${path}`,
        headers: { 'x-auth-token': token, ...headers },
        ...(body !== undefined && { payload: body as object }),
      });
      const parsed: unknown = answer.body === '' ? null : JSON.parse(answer.body);
      const fault = (parsed as { NeutronError?: { type: string; message: string } } | null)
        ?.NeutronError;
      return {
        status: answer.statusCode,
        body: parsed,
        error: fault ? `${fault.type}: ${fault.message}` : '',
      };
    };
    /** Makes one resource and returns it; fails the test when it is refused. */
    const make = async (name: string, values: object) => {
      const answer = await send('POST', `/v2.0/${name.replaceAll('_', '-')}s`, { [name]: values });
      if (answer.status !== 201) throw new Error(`${answer.status} ${answer.error}`);
      return answer.body[name];
    };
    return {
      send,
      make,
      get: async (path: string) => await send('GET', path),
      post: async (path: string, body: unknown) => await send('POST', path, body),
      put: async (path: string, body: unknown, headers?: Record<string, string>) =>
        await send('PUT', path, body, headers),
      delete: async (path: string, headers?: Record<string, string>) =>
        await send('DELETE', path, undefined, headers),
    };
  };

  return {
    ...network,
    db,
    app,
    desired,
    observed,
    as,
    /** The context of a project's member, or of the cloud itself when no project is named. */
    ctx: (projectId?: string): Context => {
      const internal = internalContext(silentLog(), stop.signal, projectId ?? '');
      return projectId === undefined ? internal : { ...internal, internal: false, roles: MEMBER };
    },
    /** An agent has come. */
    addHost: (host: string) => observed.connected({ ...HOST_FACTS, host }, now()),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await network.close();
      await app.close();
      if (!options.db) await db.destroy();
    },
  };
}

const MEMBER: ReadonlySet<string> = new Set(['member', 'reader']);
