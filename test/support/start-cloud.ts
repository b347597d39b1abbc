/** A whole cloud for tests: every service on one database in memory, with fakes for the outside world. `await using` closes it. */
import { duplexPair } from 'node:stream';
import { Agent } from '#agent/agent.ts';
import { Control } from '#app/control.ts';
import { FakeBlobs } from '#drivers/blobs/fake/fake-blobs.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import { FakeHypervisor } from '#drivers/hypervisor/fake/fake-hypervisor.ts';
import { internalContext } from '#platform/context.ts';
import type { Patience } from '#platform/http/http-app.ts';
import { silentLog, type Logger } from '#platform/log.ts';
import { setLimits } from '#platform/quota/quota.store.ts';
import type { Injector } from '#platform/saga/saga.ts';
import { Client, type Answer } from './client.ts';
import { collectRoutes } from './routes.ts';
import { waitFor } from './wait-for.ts';

export const PUBLIC_URL = 'http://cloud.test:5080';
export const HOST = 'host-1';
const PASSWORD = 'secret';

export type TestCloudOptions = {
  /** `:memory:` when absent. */
  readonly database?: string;
  readonly inject?: Injector;
  /** Check strings by rule name, as in `policy.yaml`. */
  readonly policy?: Readonly<Record<string, string>>;
  readonly now?: () => Date;
  readonly log?: Logger;
  readonly patience?: Patience;
  /** True for flavors, an image and a network of the project `demo`. */
  readonly furnished?: boolean;
};

/** What a furnished cloud has from the start. */
export const IMAGE = '7b1e5a00-0000-4000-8000-0000000000aa';
/** A default flavor without a disk. */
export const FLAVOR = '42';

/** Who can be spoken as: their name, role and project. `nobody` may do nothing anywhere. */
const USERS = {
  admin: { project: 'admin', roles: ['admin'] },
  demo: { project: 'demo', roles: ['member'] },
  reader: { project: 'demo', roles: ['reader'] },
  other: { project: 'other', roles: ['member'] },
  nobody: { project: 'demo', roles: [] },
} as const;

export type TestUser = keyof typeof USERS | 'system';

export type TestCloud = Awaited<ReturnType<typeof startTestCloud>>;

export async function startTestCloud(options: TestCloudOptions = {}) {
  await using undo = new AsyncDisposableStack();
  const log = options.log ?? silentLog();
  const blobs = new FakeBlobs();
  const hypervisor = new FakeHypervisor({ stateDir: null });
  const dataplane = new FakeDataplane({ stateDir: null });
  const control = await Control.open({
    database: options.database ?? ':memory:',
    blobs,
    publicUrl: () => PUBLIC_URL,
    policyOverrides: options.policy ?? {},
    log,
    passwordLogN: 4,
    ...(options.now && { now: options.now }),
    ...(options.patience && { patience: options.patience }),
    ...(options.inject && { inject: options.inject }),
  });
  undo.defer(async () => await control.close());
  const routes = collectRoutes(control.app);
  await control.identity.bootstrap.ensureBootstrap({ adminPassword: PASSWORD });
  for (const [userName, { project, roles }] of Object.entries(USERS)) {
    if (userName === 'admin') continue;
    await control.identity.bootstrap.ensureProjectWithUser({
      projectName: project,
      userName,
      password: PASSWORD,
      roles,
    });
  }
  await control.begin();
  const agent = await Agent.start({ host: HOST, hypervisor, dataplane, log });
  const [inner, outer] = duplexPair();
  control.gate.accept(outer);
  const served = agent.serve(inner);
  undo.defer(async () => {
    await agent.close();
    await served;
  });

  const clients = new Map<TestUser, Promise<Client>>();
  const as = (who: TestUser): Session => {
    let client = clients.get(who);
    if (!client) {
      client = logIn(control, who);
      clients.set(who, client);
    }
    return new Session(client);
  };
  if (options.furnished === true) await furnish(control, as, log);
  const rest = undo.move();

  return {
    control,
    app: control.app,
    /** Every route of the app; complete once it has answered anything. */
    routes,
    db: control.db,
    blobs,
    hypervisor,
    dataplane,
    as,
    /** The id of the project that a user speaks for. */
    projectOf: async (who: Exclude<TestUser, 'system'>): Promise<string> => {
      const project = await control.identity.api.findProjectByName(USERS[who].project);
      return project?.id ?? '';
    },
    userOf: async (who: Exclude<TestUser, 'system'>): Promise<string> => {
      const { body } = await as('admin').get(`/identity/v3/users?name=${who}`);
      return body.users[0].id;
    },
    /** A token that nobody else uses. */
    newToken: async (who: TestUser): Promise<string> => (await logIn(control, who)).token,
    /** The network of a furnished cloud. */
    privateNetwork: async (): Promise<string> => {
      const { body } = await as('demo').get('/networking/v2.0/networks?name=private');
      return body.networks[0].id;
    },
    /** Sets limits of the project `demo`. */
    limit: async (service: 'compute' | 'network', limits: Readonly<Record<string, number>>) => {
      const project = await control.identity.api.findProjectByName('demo');
      await setLimits(control.db, service, project?.id ?? '', limits);
    },
    /** Takes the limits of the project `demo` away. */
    unlimit: async () => await unlimit(control),
    /** Speaks without a token. */
    anonymous: new Client(control.app, {}),
    /** Resolves when nothing is under way any more. */
    idle: async () => await idle(control),
    [Symbol.asyncDispose]: async () => await rest.disposeAsync(),
  };
}

/** A client that logs in when it first speaks. */
class Session {
  readonly #client: Promise<Client>;

  constructor(client: Promise<Client>) {
    this.#client = client;
  }

  async client(): Promise<Client> {
    return await this.#client;
  }

  async get(url: string, headers?: Record<string, string>): Promise<Answer> {
    return await (await this.#client).send('GET', url, undefined, headers);
  }

  async delete(url: string, headers?: Record<string, string>): Promise<Answer> {
    return await (await this.#client).send('DELETE', url, undefined, headers);
  }

  async post(url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return await (await this.#client).send('POST', url, body, headers);
  }

  async put(url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return await (await this.#client).send('PUT', url, body, headers);
  }

  async patch(url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return await (await this.#client).send('PATCH', url, body, headers);
  }

  /** Makes something and returns it without its wrapper; fails the test when it is refused. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  async make(url: string, body: object, headers?: Record<string, string>): Promise<any> {
    const answer = await this.post(url, body, headers);
    if (answer.status >= 300) throw new Error(`POST ${url}: ${answer.status} ${answer.text}`);
    return (answer.body as Record<string, unknown>)[Object.keys(body)[0] ?? ''];
  }
}

export type { Session };

async function logIn(control: Control, who: TestUser): Promise<Client> {
  const name = who === 'system' ? 'admin' : who;
  const domain = { id: 'default' };
  const scope =
    who === 'system'
      ? { system: { all: true } }
      : who === 'nobody'
        ? undefined
        : { project: { name: USERS[who].project, domain } };
  const identity = {
    methods: ['password'],
    password: { user: { name, domain, password: PASSWORD } },
  };
  const answer = await new Client(control.app, {}).send('POST', '/identity/v3/auth/tokens', {
    auth: { identity, ...(scope && { scope }) },
  });
  if (answer.status !== 201) throw new Error(`'${who}' cannot log in: ${answer.text}`);
  return new Client(control.app, { 'x-auth-token': String(answer.headers['x-subject-token']) });
}

async function furnish(
  control: Control,
  as: (who: TestUser) => Session,
  log: Logger,
): Promise<void> {
  await control.compute.ensureDefaultFlavors();
  const ctx = internalContext(log, AbortSignal.timeout(10_000));
  await control.image.api.importImage(ctx, {
    id: IMAGE,
    name: 'tiny',
    diskFormat: 'raw',
    containerFormat: 'bare',
    visibility: 'public',
    from: { bytes: blank() },
  });
  const demo = as('demo');
  await unlimit(control);
  const network = await demo.make('/networking/v2.0/networks', { network: { name: 'private' } });
  await demo.make('/networking/v2.0/subnets', {
    subnet: { network_id: network.id, ip_version: 4, cidr: '10.20.0.0/24' },
  });
  await waitFor('the host is known to the scheduler', async () => {
    const nodes = await control.db.selectFrom('compute_nodes').select('id').execute();
    return nodes.length > 0;
  });
}

/** A test that makes many things is not about limits. */
async function unlimit({ db, identity }: Control): Promise<void> {
  await db.deleteFrom('quotas').execute();
  await db.deleteFrom('user_quotas').execute();
  const ofNetwork = [
    ...['network', 'subnet', 'port', 'security_group', 'security_group_rule'],
    ...['rbac_policy', 'address_group', 'router', 'floatingip'],
  ];
  const ofCompute = ['instances', 'cores', 'ram', 'key_pairs'];
  for (const name of ['demo', 'admin']) {
    const id = (await identity.api.findProjectByName(name))?.id ?? '';
    await setLimits(db, 'network', id, unlimited(ofNetwork));
    await setLimits(db, 'compute', id, unlimited(ofCompute));
  }
}

const unlimited = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, -1]));

async function* blank(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(4096));
}

async function idle(control: Control): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await control.sagas.idle();
    await new Promise((resolve) => setImmediate(resolve));
    await control.compute.idle();
    await control.reconcilers.idle();
  }
}
