/** What a first start makes, so that a person can boot a server at once. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { buildTinyImage, type TinyImage } from '#drivers/guest-image/tiny-image.ts';
import { defaultCacheDir, statePaths, type CloudConfig } from '#platform/config.ts';
import { internalContext } from '#platform/context.ts';
import type { Logger } from '#platform/log.ts';
import type { Control } from './control.ts';
import { writePrivateFile } from './private-file.ts';
import { findSetting, setSetting } from './setting.store.ts';

export type FirstStartOptions = {
  readonly control: Control;
  readonly config: CloudConfig;
  readonly log: Logger;
  /** Told what takes long, for people. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Fixed, so that a first start that was interrupted makes nothing twice. */
const TINY = {
  disk: '7b1e5a00-0000-4000-8000-000000000001',
  kernel: '7b1e5a00-0000-4000-8000-000000000002',
  ramdisk: '7b1e5a00-0000-4000-8000-000000000003',
  uec: '7b1e5a00-0000-4000-8000-000000000004',
} as const;

/** With less it does not come up. */
const TINY_MIN_RAM_MIB = 128;
/** Packages may have to be fetched over a slow line. */
const BUILD_MS = 1_800_000;
const DONE = 'first-start';
const PASSWORD_BYTES = 18;

/** Makes what a first start makes, once. Repeats a first start that did not come to its end. */
export async function ensureFirstStart(options: FirstStartOptions): Promise<void> {
  const { control, config, log } = options;
  if ((await findSetting(control.db, DONE)) !== undefined) return;
  await control.compute.ensureDefaultFlavors();
  if (!config.empty) {
    await ensureTinyImages(options);
    await ensureDemoProject(options);
  }
  // Among them the one that makes this host known: whoever boots a server next finds room for it.
  await control.reconcilers.idle();
  await setSetting(control.db, DONE, new Date().toISOString());
  log.info({ empty: config.empty }, 'first start done');
}

/** A password or token from its file, made when there is none. */
export function readOrMakeSecret(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  writePrivateFile(path, `${password}\n`);
  return password;
}

async function ensureTinyImages(options: FirstStartOptions): Promise<void> {
  const { control, config, log, tell } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(BUILD_MS)]);
  const ctx = internalContext(log, signal, await projectId(control, 'admin'));
  if (config.hypervisor === 'fake') {
    // Nothing will ever run from it: it need not be a real guest, only a real image.
    await control.image.api.importImage(ctx, {
      id: TINY.disk,
      name: 'tiny',
      diskFormat: 'raw',
      containerFormat: 'bare',
      visibility: 'public',
      from: { bytes: blankDisk() },
    });
    return;
  }
  const tiny = await builtTiny(tell, signal);
  const common = {
    visibility: 'public',
    properties: { os_distro: 'stackyard-tiny', os_admin_user: 'root' },
    minRamMib: TINY_MIN_RAM_MIB,
  } as const;
  await control.image.api.importImage(ctx, {
    ...common,
    id: TINY.disk,
    name: 'tiny',
    diskFormat: 'qcow2',
    containerFormat: 'bare',
    from: { path: tiny.disk },
  });
  await control.image.api.importImage(ctx, {
    ...common,
    id: TINY.kernel,
    name: 'tiny-uec-kernel',
    diskFormat: 'aki',
    containerFormat: 'aki',
    from: { path: tiny.kernel },
  });
  await control.image.api.importImage(ctx, {
    ...common,
    id: TINY.ramdisk,
    name: 'tiny-uec-ramdisk',
    diskFormat: 'ari',
    containerFormat: 'ari',
    from: { path: tiny.ramdisk },
  });
  await control.image.api.importImage(ctx, {
    ...common,
    id: TINY.uec,
    name: 'tiny-uec',
    diskFormat: 'ami',
    containerFormat: 'ami',
    properties: {
      ...common.properties,
      kernel_id: TINY.kernel,
      ramdisk_id: TINY.ramdisk,
      os_command_line: tiny.commandLine,
    },
    // The guest runs from its ramdisk; its disk is there for whoever wants to keep something.
    from: { bytes: blankDisk() },
  });
}

async function* blankDisk(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(1 << 20));
}

async function builtTiny(tell: (line: string) => void, signal: AbortSignal): Promise<TinyImage> {
  const cacheDir = defaultCacheDir(process.env, process.geteuid?.() === 0);
  return await buildTinyImage({
    outputDir: join(cacheDir, 'tiny'),
    cacheDir,
    signal,
    log: tell,
    arch: 'amd64',
  });
}

/** A project with a member, a network and a key: made through the public APIs, as its member would. */
async function ensureDemoProject({ control, config }: FirstStartOptions): Promise<void> {
  const paths = statePaths(config.stateDir);
  const password = readOrMakeSecret(paths.demoPassword);
  await control.identity.bootstrap.ensureProjectWithUser({
    projectName: 'demo',
    description: 'Made at the first start.',
    userName: 'demo',
    password,
  });
  const demo = await logIn(control, 'demo', password);
  const network =
    (await demo.first('/networking/v2.0/networks?name=private', 'networks')) ??
    (await demo.make('/networking/v2.0/networks', 'network', { name: 'private' }));
  if (!(await demo.first('/networking/v2.0/subnets?name=private-subnet', 'subnets'))) {
    await demo.make('/networking/v2.0/subnets', 'subnet', {
      name: 'private-subnet',
      network_id: network['id'],
      ip_version: 4,
      cidr: '10.20.0.0/24',
    });
  }
  if (!existsSync(paths.demoKey)) {
    // A key whose private half was lost is of no use to anybody.
    await demo.forget('/compute/v2.1/os-keypairs/demo');
    const pair = await demo.make('/compute/v2.1/os-keypairs', 'keypair', { name: 'demo' });
    const key = pair['private_key'];
    if (typeof key !== 'string') throw new Error('the key pair came without its private half');
    writePrivateFile(paths.demoKey, key);
  }
}

async function projectId(control: Control, name: string): Promise<string> {
  const project = await control.identity.api.findProjectByName(name);
  if (!project) throw new Error(`the project '${name}' was not made`);
  return project.id;
}

/** The APIs as one user sees them, without a socket between. */
export async function logIn(control: Control, name: string, password: string) {
  const { app } = control;
  const user = { name, domain: { id: 'default' }, password };
  const project = { name, domain: { id: 'default' } };
  const answer = await app.inject({
    method: 'POST',
    url: '/identity/v3/auth/tokens',
    payload: {
      auth: { identity: { methods: ['password'], password: { user } }, scope: { project } },
    },
  });
  if (answer.statusCode !== 201) throw new Error(`cannot log in as '${name}': ${answer.body}`);
  const headers = { 'x-auth-token': String(answer.headers['x-subject-token']) };
  return {
    first: async (url: string, member: string): Promise<JsonObject | undefined> => {
      const { statusCode, body } = await app.inject({ method: 'GET', url, headers });
      if (statusCode !== 200) throw new Error(`GET ${url} was refused: ${body}`);
      const list = (JSON.parse(body) as JsonObject)[member];
      const [one] = Array.isArray(list) ? list : [];
      return isJsonObject(one) ? one : undefined;
    },
    make: async (url: string, member: string, wanted: object): Promise<JsonObject> => {
      const payload = { [member]: wanted };
      const { statusCode, body } = await app.inject({ method: 'POST', url, headers, payload });
      if (statusCode >= 300) throw new Error(`POST ${url} was refused: ${body}`);
      const made = (JSON.parse(body) as JsonObject)[member];
      if (!isJsonObject(made)) throw new Error(`POST ${url} answered without '${member}'`);
      return made;
    },
    change: async (url: string, payload: object): Promise<void> => {
      const { statusCode, body } = await app.inject({ method: 'PUT', url, headers, payload });
      if (statusCode >= 300) throw new Error(`PUT ${url} was refused: ${body}`);
    },
    forget: async (url: string): Promise<void> => {
      const { statusCode, body } = await app.inject({ method: 'DELETE', url, headers });
      if (statusCode >= 300 && statusCode !== 404) {
        throw new Error(`DELETE ${url} was refused: ${body}`);
      }
    },
  };
}
