/** Everything that can be chosen about one cloud. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ConfigDriveFormat } from '#base/host/domain.ts';
import { Fault } from './fault.ts';
import type { LogLevel } from './log.ts';
import type { UplinkWishes } from './uplink-config.ts';

export type CloudConfig = {
  /** Absolute. All that the cloud keeps is in here. */
  readonly stateDir: string;
  readonly listen: { readonly address: string; readonly port: number };
  readonly hypervisor: 'qemu' | 'fake';
  readonly dataplane: 'linux' | 'fake';
  /** No flavors, image, project and network at the first start. */
  readonly empty: boolean;
  /** What this start asks for on the way to the host and the outside. */
  readonly uplink: UplinkWishes;
  /** Config drives: whether every server gets one, asked for or not, and their file system. */
  readonly configDrive: { readonly forced: boolean; readonly format: ConfigDriveFormat };
  readonly logLevel: LogLevel;
};

export const DEFAULT_LISTEN = '127.0.0.1:5080';

/** Where a cloud's state is when nobody says: the system's place for root, the user's own otherwise. */
export function defaultStateDir(env: NodeJS.ProcessEnv, root: boolean): string {
  if (root) return '/var/lib/stackyard';
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'stackyard');
}

/** Where what can be made again is kept, such as the tiny image. */
export function defaultCacheDir(env: NodeJS.ProcessEnv, root: boolean): string {
  if (root) return '/var/cache/stackyard';
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stackyard');
}

/** The longest state directory whose sockets still fit in a Unix address (107 bytes). */
const MAX_STATE_DIR = 80;

/** An absolute state directory, or an `InvalidStateDir` fault. */
export function parseStateDir(path: string): string {
  const absolute = resolve(path);
  if (Buffer.byteLength(absolute) > MAX_STATE_DIR) {
    throw new Fault(
      'invalid',
      'InvalidStateDir',
      `The state directory '${absolute}' has too long a path: its sockets would not fit. ` +
        `Use one of at most ${MAX_STATE_DIR} bytes with --state-dir.`,
    );
  }
  return absolute;
}

/** `ADDR:PORT`, `PORT` or `[v6]:PORT`; port 0 asks for any free one. */
export function parseListen(text: string): CloudConfig['listen'] {
  const [, address = '127.0.0.1', port = ''] =
    /^(?:(\[[0-9a-f:]+\]|[^:[\]]+):)?(\d{1,5})$/i.exec(text) ?? [];
  if (port === '' || Number(port) > 65535) {
    throw new Fault(
      'invalid',
      'InvalidListen',
      `'${text}' is no address to listen on. Use ADDR:PORT, such as ${DEFAULT_LISTEN}.`,
    );
  }
  return { address: address.replaceAll(/[[\]]/g, ''), port: Number(port) };
}

/** The URL of an address and port. */
export function urlOf({ address, port }: CloudConfig['listen']): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The names of a state directory's own files. */
export function statePaths(stateDir: string) {
  return {
    database: join(stateDir, 'stackyard.db'),
    adminPassword: join(stateDir, 'admin-password'),
    metricsToken: join(stateDir, 'metrics-token'),
    demoPassword: join(stateDir, 'demo-password'),
    cloudsYaml: join(stateDir, 'clouds.yaml'),
    policyYaml: join(stateDir, 'policy.yaml'),
    /** What the operator tells every server, as JSON. */
    vendorData: join(stateDir, 'vendor-data.json'),
    images: join(stateDir, 'images'),
    /** The ssh key that servers of the demo project can be booted with. */
    demoKey: join(stateDir, 'demo-key'),
    run: join(stateDir, 'run'),
    control: join(stateDir, 'run', 'control.json'),
    agentSocket: join(stateDir, 'run', 'agent.sock'),
    controlLog: join(stateDir, 'log', 'control.log'),
    agentLog: join(stateDir, 'log', 'agent.log'),
  } as const;
}
