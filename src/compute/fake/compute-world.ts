/** A whole compute service on a database of its own, with fakes for everything below it. `await using` closes it. */
import { duplexPair } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Identity } from '#platform/context.ts';
import { openDatabase } from '#platform/db/database.ts';
import type { Db } from '#platform/db/tables.ts';
import type { HostConsoles, HostReader } from '#platform/host/host-gate.ts';
import { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import { newUuid } from '#platform/ids.ts';
import { silentLog } from '#platform/log.ts';
import { ReconcilerRunner } from '#platform/reconcile/runner.ts';
import { SagaEngine } from '#platform/saga/engine.ts';
import type { Injector } from '#platform/saga/saga.ts';
import { createPlacement } from '#placement/index.ts';
import { createCompute, type Compute } from '../index.ts';
import type { PlugSettings } from '../interfaces/plug-watch.ts';
import { FakeHost } from './fake-host.ts';
import { FakeNetwork } from './fake-network.ts';
import { FakeImages } from './fake-images.ts';

export const NET_1 = '11111111-1111-4111-8111-111111111111';
export const NET_2 = '22222222-2222-4222-8222-222222222222';
export const IMAGE = '33333333-3333-4333-8333-333333333333';

const now = () => new Date();

export type Answer = {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape are looked into
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
};

export type Caller = {
  readonly get: (path: string) => Promise<Answer>;
  readonly post: (path: string, body: unknown) => Promise<Answer>;
  readonly put: (path: string, body: unknown) => Promise<Answer>;
  readonly delete: (path: string) => Promise<Answer>;
};

export type WorldOptions = {
  /** How long a host that is away is waited for; not at all by default. */
  readonly hostGraceMs?: number;
  readonly inject?: Injector;
  readonly forceConfigDrive?: boolean;
  readonly plugSettings?: PlugSettings;
  /** Without a network, a server gets none. Two by default. */
  readonly networks?: readonly string[];
};

export class ComputeWorld implements AsyncDisposable {
  readonly db: Db;
  readonly network: FakeNetwork;
  readonly images = new FakeImages();
  readonly host: FakeHost;
  desired = new DesiredHosts();
  observed = new ObservedHosts();
  sagas: SagaEngine;
  runner: ReconcilerRunner;
  compute: Compute;
  app: FastifyInstance;
  /** What guests have said. */
  readConsole: HostReader['readConsole'] = async (_host, id, lines) =>
    lines === 0 ? '' : ['one', 'two', `three of ${id}`].slice(-(lines ?? 3)).join('\n');
  /** What hosts have to offer who wants a console: by default one that says again what it hears. */
  openConsole: HostConsoles['openConsole'] = async () => {
    const [near, far] = duplexPair();
    far.pipe(far);
    return near;
  };
  readonly #options: WorldOptions;
  readonly #stop = new AbortController();

  private constructor(db: Db, options: WorldOptions) {
    this.db = db;
    this.#options = options;
    this.network = new FakeNetwork(this.desired);
    this.host = new FakeHost(this.desired, this.observed);
    const control = this.#control(options.inject);
    this.sagas = control.sagas;
    this.runner = control.runner;
    this.compute = control.compute;
    this.app = control.app;
  }

  static async start(options: WorldOptions = {}): Promise<ComputeWorld> {
    const world = new ComputeWorld(await openDatabase(':memory:'), options);
    for (const id of options.networks ?? [NET_1, NET_2]) world.network.addNetwork(id);
    world.images.add(IMAGE);
    await world.compute.ensureDefaultFlavors();
    await world.#begin();
    return world;
  }

  /** Goes on as after the death of the control process: nothing of it is left but the database. */
  async restart({ connect = true }: { readonly connect?: boolean } = {}): Promise<void> {
    const { sagas, runner, compute, app } = this;
    // What it was doing never ends, so its end is not waited for.
    void sagas.close();
    await runner.close();
    await compute.close();
    await app.close();
    this.desired = new DesiredHosts();
    this.observed = new ObservedHosts();
    this.network.attach(this.desired);
    this.host.attach(this.desired, this.observed);
    Object.assign(this, this.#control(undefined));
    await this.#begin(connect);
  }

  #control(inject: Injector | undefined) {
    const { db } = this;
    const log = silentLog();
    const sagas = new SagaEngine({
      db,
      log,
      now,
      newId: newUuid,
      owner: 'test',
      undoRetryMs: 1,
      ...(inject && { inject }),
    });
    const runner = new ReconcilerRunner({ log, now });
    const compute = createCompute({
      db,
      log,
      now,
      newId: newUuid,
      network: this.network,
      image: this.images,
      placement: createPlacement({ db, newId: newUuid }).api,
      identity: { projectExists: async (id) => id !== 'missing' },
      desired: this.desired,
      observed: this.observed,
      sagas,
      hostReader: {
        readConsole: async (...asked) => await this.readConsole(...asked),
        readCounters: async () => new Map(),
      },
      hostConsoles: {
        openConsole: async (host, console, signal) => await this.openConsole(host, console, signal),
      },
      wakeReconciler: (name) => runner.wake(name),
      policyOverrides: {},
      hostGraceMs: this.#options.hostGraceMs ?? 0,
      forceConfigDrive: this.#options.forceConfigDrive ?? false,
      ...(this.#options.plugSettings && { plugSettings: this.#options.plugSettings }),
    });
    const app = createHttpApp({
      services: [compute.service],
      doors: compute.doors,
      log,
      authenticate: async (token) => identityOf(token),
      authUrl: () => 'http://cloud/identity',
      signal: this.#stop.signal,
    });
    return { sagas, runner, compute, app };
  }

  async #begin(connect = true): Promise<void> {
    await this.compute.loadDesired();
    for (const reconciler of this.compute.reconcilers) this.runner.add(reconciler);
    if (connect) this.host.connect();
    await this.runner.idle();
    await this.sagas.begin();
  }

  /** A caller by the name of its project; `admin` is one of project `red`. */
  as(who: 'red' | 'blue' | 'admin' | 'reader' | 'service', version = '2.1'): Caller {
    const send = async (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: unknown,
    ) => {
      const response = await this.app.inject({
        method,
        url: `/compute/v2.1${path}`,
        headers: { 'x-auth-token': who, 'openstack-api-version': `compute ${version}` },
        ...(body !== undefined && { payload: body as object }),
      });
      return {
        status: response.statusCode,
        body: response.body === '' ? null : response.json<unknown>(),
        headers: response.headers,
      };
    };
    return {
      get: async (path) => await send('GET', path),
      post: async (path, body) => await send('POST', path, body),
      put: async (path, body) => await send('PUT', path, body),
      delete: async (path) => await send('DELETE', path),
    };
  }

  /** Boots a server and waits until that has ended, however. Returns its id. */
  async boot(server: object = {}, version = '2.1'): Promise<string> {
    const made = await this.as('admin', version).post('/servers', {
      server: {
        name: 'vm',
        imageRef: IMAGE,
        flavorRef: '42',
        networks: [{ uuid: NET_1 }],
        ...server,
      },
    });
    if (made.status !== 202) throw new Error(JSON.stringify(made.body));
    await this.idle();
    return made.body.server.id as string;
  }

  /** Ids of servers that hold room on a host. */
  async claims(): Promise<readonly string[]> {
    const rows = await this.db.selectFrom('allocations').select('consumer_id').execute();
    return [...new Set(rows.map((row) => row.consumer_id))];
  }

  /** Everything that a server holds outside its own row; empty lists when nothing is held. */
  async holdings() {
    const cards = await this.db.selectFrom('interfaces').select('port_id').execute();
    return {
      ports: [...this.network.ports.values()]
        .filter(({ deviceId }) => deviceId !== '')
        .map(({ id }) => id),
      images: [...this.images.held],
      claims: await this.claims(),
      cards: cards.map((row) => row.port_id),
      guests: [...this.host.guests.keys()],
      wantedServers: this.desired.ids('node-1', 'servers'),
      wantedPorts: this.desired.ids('node-1', 'ports'),
    };
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.sagas.idle();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    await this.compute.idle();
    await this.runner.idle();
    await this.sagas.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.host.close();
    await this.app.close();
    await this.sagas.close();
    await this.runner.close();
    await this.compute.close();
    await this.db.destroy();
  }
}

function identityOf(token: string): Identity | undefined {
  const roles: Readonly<Record<string, readonly string[]>> = {
    red: ['member', 'reader'],
    blue: ['member', 'reader'],
    reader: ['reader'],
    service: ['service'],
    admin: ['admin', 'member', 'reader'],
  };
  const own = roles[token];
  if (!own) return undefined;
  const projectId = token === 'blue' ? 'blue' : 'red';
  return {
    userId: `user-${token}`,
    userName: token,
    userDomainId: 'default',
    projectId,
    projectName: projectId,
    projectDomainId: 'default',
    domainId: '',
    systemScope: '',
    roles: new Set(own),
  };
}
