/** Can this user make a yard on this machine? Found out by making one and letting it go. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import type { Finding, HostTool } from '#base/host/finding.ts';
import { attempt } from '../run.ts';
import { missingTools, toolsFinding } from '../host-tools.ts';

/** Commands that making and entering a yard needs. */
export const YARD_HOST_TOOLS: readonly HostTool[] = [
  { command: 'unshare', package: 'util-linux' },
  { command: 'nsenter', package: 'util-linux' },
  { command: 'flock', package: 'util-linux' },
  { command: 'mount', package: 'mount' },
  { command: 'mknod', package: 'coreutils' },
  { command: 'ip', package: 'iproute2' },
];

/** One finding for each thing that a yard needs, in the order in which to put them right. */
export async function probeYard(options: {
  readonly signal: AbortSignal;
}): Promise<readonly Finding[]> {
  const tools = toolsFinding('commands for namespaces', YARD_HOST_TOOLS);
  if (missingTools(YARD_HOST_TOOLS).length > 0) return [tools];
  const root = process.geteuid?.() === 0;
  const user = root ? [] : ['--user', '--map-root-user'];
  const { code, stderr } = await attempt(
    'unshare',
    [...user, '--net', '--mount', '--propagation', 'private', 'sh', '-c', TRY],
    options,
  );
  return [tools, namespacesFinding({ root, code, stderr }, readSwitch), tunFinding(root)];
}

/** What a yard cannot do without, once each. */
const TRY = 'set -e; mount -t tmpfs stackyard /run; mkdir /run/netns; ip link set lo up';

/** Pure, but for `read`, which is given a kernel switch's path under /proc/sys. */
export function namespacesFinding(
  tried: { readonly root: boolean; readonly code: number; readonly stderr: string },
  read: (path: string) => string | undefined,
): Finding {
  const subject = 'network namespaces';
  if (tried.code === 0) {
    const how = tried.root ? 'made one as root' : 'made one without root, in a user namespace';
    return { subject, ok: true, said: how, remedy: null };
  }
  const said = tried.stderr.trim().split('\n').at(-1) || `unshare ended with ${tried.code}`;
  const failed = (remedy: string): Finding => ({ subject, ok: false, said, remedy });
  const elsewhere =
    'start the container with --privileged, or run this on a machine that allows namespaces';
  if (tried.root) return failed(elsewhere);
  for (const [path, closed, open] of USER_NAMESPACE_SWITCHES) {
    if (read(path) === closed) {
      return failed(`sysctl -w ${path.replaceAll('/', '.')}=${open} (as root), or run as root`);
    }
  }
  return failed(`run as root, or ${elsewhere}`);
}

/** Switches with which distributions keep ordinary users from user namespaces: path, closed, open. */
const USER_NAMESPACE_SWITCHES = [
  ['user/max_user_namespaces', '0', '15000'],
  ['user/max_net_namespaces', '0', '15000'],
  ['kernel/unprivileged_userns_clone', '0', '1'], // Debian before 11
  ['kernel/apparmor_restrict_unprivileged_userns', '1', '0'], // Ubuntu since 23.10
] as const;

function tunFinding(root: boolean): Finding {
  const subject = 'tap devices';
  const path = '/dev/net/tun';
  if (statSync(path, { throwIfNoEntry: false })?.isCharacterDevice() !== true) {
    const remedy = "modprobe tun (as root); in a container: '--device /dev/net/tun'";
    return { subject, ok: false, said: `${path} does not exist`, remedy };
  }
  try {
    if (!root) accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    const remedy = `chmod 0666 ${path} (as root; it gives no rights outside one's own namespaces)`;
    return { subject, ok: false, said: `this user may not open ${path}`, remedy };
  }
  return { subject, ok: true, said: `${path} can be opened`, remedy: null };
}

function readSwitch(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trim();
  } catch {
    return undefined; // this kernel does not have it
  }
}
