/** Every verb of the command: its options, its help, and where its code is. A verb is loaded when it is asked for. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { DEFAULT_LISTEN } from '#platform/config.ts';
import { DEFAULT_HOST_LINK, DEFAULT_PUBLIC } from '#platform/uplink-config.ts';

export type VerbArgs = {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
  /** What came after `--`. */
  readonly rest: readonly string[];
};

/** Returns the exit code. */
export type VerbRun = (args: VerbArgs) => Promise<number>;

export type Verb = {
  readonly summary: string;
  readonly usage: string;
  readonly options: ParseArgsOptionsConfig;
  /** What options that may stand without a value then mean. */
  readonly defaults?: Readonly<Record<string, string>>;
  /** False when a word that is no option must be a mistake: `down NAME --purge` would purge another cloud. */
  readonly takesWords: boolean;
  readonly load: () => Promise<VerbRun>;
};

const STATE_DIR = { 'state-dir': { type: 'string' } } as const;

export const VERBS: Readonly<Record<string, Verb>> = {
  up: {
    summary: 'start the cloud',
    usage:
      'stackyard up [--state-dir DIR] [--listen ADDR:PORT] [--hypervisor qemu|fake]\n' +
      '             [--dataplane linux|fake] [--empty] [--detach] [--public [RANGE]] [--outbound]\n' +
      '             [--host-link [NAME[=ADDRESS/PREFIX]] | --no-host-link] [--no-outbound]\n' +
      '             [--force-config-drive] [--config-drive-format iso9660|vfat]\n\n' +
      `  --state-dir DIR     where all of the cloud is kept (root: /var/lib/stackyard)\n` +
      `  --listen ADDR:PORT  where its APIs answer (${DEFAULT_LISTEN})\n` +
      '  --hypervisor fake   no guests: servers are only pretended\n' +
      '  --dataplane fake    no network: ports are only pretended\n' +
      '  --empty             no flavors, image, project and network at the first start\n' +
      '  --force-config-drive\n' +
      '                      a config drive for every server, asked for or not\n' +
      '  --config-drive-format vfat\n' +
      '                      drives of FAT, for guests that cannot read ISO 9660\n' +
      '  --detach            return when every API answers; the cloud goes on\n\n' +
      `  --public RANGE      make an external network 'public' (${DEFAULT_PUBLIC}), and a router to it;\n` +
      '                      root: with a link, so that floating IPs answer from this host\n' +
      `  --host-link NAME=ADDRESS/PREFIX\n` +
      `                      what that link is (${DEFAULT_HOST_LINK.name}=${DEFAULT_HOST_LINK.address}); --no-host-link for none\n` +
      '  --outbound          let servers out: by the host, which forwards and masquerades for them;\n' +
      '                      without root by pasta or slirp4netns\n\n' +
      '  What was asked of the last three is so at later starts too, until it is asked otherwise.',
    options: {
      ...STATE_DIR,
      listen: { type: 'string' },
      hypervisor: { type: 'string' },
      dataplane: { type: 'string' },
      empty: { type: 'boolean' },
      detach: { type: 'boolean' },
      'force-config-drive': { type: 'boolean' },
      'config-drive-format': { type: 'string' },
      public: { type: 'string' },
      'host-link': { type: 'string' },
      'no-host-link': { type: 'boolean' },
      outbound: { type: 'boolean' },
      'no-outbound': { type: 'boolean' },
      'log-level': { type: 'string' },
    },
    defaults: { public: DEFAULT_PUBLIC, 'host-link': DEFAULT_HOST_LINK.name },
    takesWords: false,
    load: async () => (await import('./up.ts')).up,
  },
  down: {
    summary: 'stop the cloud and its guests; --purge forgets it',
    usage:
      'stackyard down [--state-dir DIR] [--purge]\n\n  --purge  remove the state directory too',
    options: { ...STATE_DIR, purge: { type: 'boolean' } },
    takesWords: false,
    load: async () => (await import('./down.ts')).down,
  },
  status: {
    summary: 'say what runs',
    usage: 'stackyard status [--state-dir DIR] [--json]',
    options: { ...STATE_DIR, json: { type: 'boolean' } },
    takesWords: false,
    load: async () => (await import('./status.ts')).status,
  },
  doctor: {
    summary: 'say what this machine has and lacks',
    usage: 'stackyard doctor [--json]',
    options: { ...STATE_DIR, json: { type: 'boolean' } },
    takesWords: false,
    load: async () => (await import('./doctor.ts')).doctor,
  },
  exec: {
    summary: 'run a command inside the yard',
    usage:
      'stackyard exec [--state-dir DIR] -- COMMAND [ARG ...]\n\n' +
      '  There every network of the cloud is at hand: exec -- ip link; exec -- ip netns list',
    options: { ...STATE_DIR },
    takesWords: true,
    load: async () => (await import('./exec.ts')).exec,
  },
  ssh: {
    summary: 'log in to a server that has an address',
    usage:
      'stackyard ssh [--state-dir DIR] [--address IP] [--user NAME] [--identity FILE]\n' +
      '              SERVER [-- COMMAND ...]\n\n' +
      '  SERVER           its id, or its name when only one has it\n' +
      "  --address IP     one of its addresses; the first interface's when not given\n" +
      '  --user NAME      root when not given\n' +
      "  --identity FILE  a private key; your own keys and the demo project's are tried anyway",
    options: {
      ...STATE_DIR,
      address: { type: 'string' },
      user: { type: 'string' },
      identity: { type: 'string' },
    },
    takesWords: true,
    load: async () => (await import('./ssh.ts')).ssh,
  },
  image: {
    summary: 'build a guest image',
    usage:
      'stackyard image build tiny|debian [--output DIR]\n\n' +
      '  tiny    the guest of our own: kernel, ramdisk and disk, of Debian packages; needs no root\n' +
      '  debian  Debian with cloud-init: one disk, to be uploaded as an image; needs root, once\n\n' +
      '  --output DIR  where they are put; the cache directory when not given',
    options: { ...STATE_DIR, output: { type: 'string' } },
    takesWords: true,
    load: async () => (await import('./image.ts')).image,
  },
  demo: {
    summary: 'act out what the project is for, with real guests',
    usage: 'stackyard demo [--keep]\n\n  --keep  leave the cloud of the demo up',
    options: { keep: { type: 'boolean' }, 'state-dir': { type: 'string' } },
    takesWords: false,
    load: async () => (await import('./demo/demo.ts')).demo,
  },
  setup: {
    summary: 'bring what this machine lacks (as root on Debian)',
    usage: 'stackyard setup --for start|test|demo|bench|tempest',
    options: { for: { type: 'string' } },
    takesWords: false,
    load: async () => (await import('./setup.ts')).setup,
  },
};

export function usage(): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length));
  const lines = Object.entries(VERBS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return [
    'stackyard: an OpenStack cloud that one person can hold in one hand',
    '',
    'stackyard COMMAND [OPTION ...]',
    '',
    ...lines,
    '',
    "'stackyard COMMAND --help' says more.",
  ].join('\n');
}
