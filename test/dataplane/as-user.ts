/** Starts the checks' program as root or as an ordinary user, with the host kept out of reach. */
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, type RunResult } from '../../src/drivers/run.ts';

export type Mode = 'root' | 'rootless';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** Why this mode cannot be tested by the user who runs the tests; null when it can. */
export function reasonToSkip(mode: Mode): string | null {
  if (isRoot()) return null;
  if (mode === 'root') return 'a yard of root can only be tested by root';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return null;
  } catch {
    return 'this user may not open /dev/net/tun; run the tests as root, or let the user open it';
  }
}

/**
 * Runs a suite in a process of its own, with a state directory that is gone afterwards. `program` is
 * given the suite's name and the state directory; `enter` are words by which it gets somewhere else first.
 */
export async function runSuite(
  mode: Mode,
  suite: string,
  program = 'test/dataplane/program.ts',
  enter: readonly string[] = [],
): Promise<RunResult> {
  const signal = AbortSignal.timeout(280_000);
  const work = await mkdtemp(join(tmpdir(), 'stackyard-test-'));
  try {
    if (mode === 'rootless' && isRoot()) {
      const words = ['--mount', '--propagation', 'private', 'sh', '-c', BECOME_USER, 'sh'];
      const args = [...words, work, REPOSITORY, process.execPath, suite, program];
      const [command = 'unshare', ...rest] = [...enter, 'unshare', ...args];
      return await attempt(command, rest, { signal });
    }
    const words = [...enter, process.execPath, program, suite, join(work, 'state')];
    const [command = '', ...args] = words;
    return await attempt(command, args, { signal, cwd: REPOSITORY });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Becomes a user with no rights at all in a mount namespace of its own, where what an ordinary
 * user has on Debian is there even if this machine's root keeps it: a tap device that everybody may
 * open, and a checkout and a Node that everybody may read.
 */
const BECOME_USER = `
set -eu
work=$1 repository=$2 node=$3 suite=$4 program=$5
mount -t tmpfs -o mode=0755 tmpfs "$work"
chmod 0755 "$work"
mkdir "$work/repository" "$work/state"
mount --bind "$repository" "$work/repository"
: >"$work/node"
mount --bind "$node" "$work/node"
mknod -m 0666 "$work/tun" c 10 200
mount --bind "$work/tun" /dev/net/tun
chown 64321:64321 "$work/state"
cd "$work/repository"
export HOME="$work/state" PATH=/usr/bin:/bin
exec setpriv --reuid 64321 --regid 64321 --clear-groups --bounding-set -all --no-new-privs \\
  "$work/node" "$program" "$suite" "$work/state/cloud"
`;

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
