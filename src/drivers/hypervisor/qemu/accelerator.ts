/** Finds out, by running a guest, whether KVM works here, and remembers the answer until the host is booted again. */
import {
  access,
  chmod,
  constants,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject } from '#base/json.ts';
import { Fault } from '#platform/fault.ts';
import { run } from '../../run.ts';
import type { CallOptions } from '../hypervisor.ts';
import { CPU_MODEL, type Accelerator } from './argv.ts';
import { PROBE_SAYS, probeArgv, probeRom } from './probe-guest.ts';
import { unprivileged, type RunAs } from './process.ts';

export type AcceleratorAnswer = {
  readonly accelerator: Accelerator;
  /** Why it is not KVM, for people; null when it is. */
  readonly reason: string | null;
};

export type ProbeOptions = {
  readonly program: string;
  /** The version of `program`: another one may know better what to do with this host. */
  readonly version: string;
  readonly runAs: RunAs;
  /** Where the answer is kept. */
  readonly memory: string;
  readonly device?: string;
};

/** A working host needs less than a tenth of a second. */
const PROBE_MS = 5_000;

/** The remembered answer, or a fresh one when the host was booted, or QEMU or access to KVM changed, since. */
export async function findAccelerator(
  probe: ProbeOptions,
  options: CallOptions,
): Promise<AcceleratorAnswer> {
  const device = probe.device ?? '/dev/kvm';
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const closed = await whyClosed(device);
  const permissions = closed ?? (await accessOf(device));
  const key = [bootId, probe.version, permissions, probe.runAs?.uid ?? 'self'].join(' ');
  const remembered = await recall(probe.memory, key);
  if (remembered) return remembered;
  const reason = closed ?? (await whyNoGuest(probe, options));
  const answer: AcceleratorAnswer = { accelerator: reason === null ? 'kvm' : 'tcg', reason };
  await remember(probe.memory, key, answer);
  return answer;
}

/** Runs the probe guest; null when it ran to its end, else why it did not. */
export async function runProbeGuest(
  program: string,
  accelerator: Accelerator,
  runAs: RunAs,
  options: CallOptions,
): Promise<string | null> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'stackyard-probe-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const rom = join(folder, 'rom');
  // Through the guests' user, since access to KVM is a question of who asks.
  await writeFile(rom, probeRom(), { mode: 0o644 });
  await makeReachable(folder, runAs);
  const argv = probeArgv(rom, accelerator, CPU_MODEL[accelerator]);
  const { command, args } = unprivileged(runAs, program, argv);
  const limit = AbortSignal.timeout(PROBE_MS);
  const signal = AbortSignal.any([options.signal, limit]);
  try {
    const said = await run(command, args, { signal, cwd: '/' });
    return said.includes(PROBE_SAYS) ? null : 'the probe guest ended without a sign of life';
  } catch (cause) {
    options.signal.throwIfAborted();
    if (limit.aborted) return `the probe guest hung for ${PROBE_MS / 1000} s`;
    return `the probe guest failed: ${lastLine(cause)}`;
  }
}

async function whyNoGuest(probe: ProbeOptions, options: CallOptions): Promise<string | null> {
  const why = await runProbeGuest(probe.program, 'kvm', probe.runAs, options);
  return why === null ? null : `KVM is there but does not work: ${why}`;
}

async function whyClosed(device: string): Promise<string | null> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return null;
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    return missing
      ? `there is no ${device}: the host's CPU or firmware offers no virtualization`
      : `${device} may not be opened by this user`;
  }
}

async function accessOf(device: string): Promise<string> {
  const { mode, uid, gid } = await stat(device);
  return `${mode.toString(8)}:${uid}:${gid}`;
}

async function makeReachable(folder: string, runAs: RunAs): Promise<void> {
  if (!runAs) return;
  await chmod(folder, 0o755);
}

async function recall(path: string, key: string): Promise<AcceleratorAnswer | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    const kept: unknown = JSON.parse(text);
    if (!isJsonObject(kept) || kept['key'] !== key) return undefined;
    const { accelerator, reason } = kept;
    if (accelerator === 'kvm') return { accelerator, reason: null };
    if (accelerator === 'tcg' && typeof reason === 'string') return { accelerator, reason };
  } catch {
    // Nothing is lost with an unreadable file but the time for another probe.
  }
  return undefined;
}

async function remember(path: string, key: string, answer: AcceleratorAnswer): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify({ key, ...answer }, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

function lastLine(cause: unknown): string {
  const stderr = cause instanceof Fault ? cause.detail['stderr'] : undefined;
  const said = typeof stderr === 'string' ? stderr : String(cause);
  return said.trim().split('\n').at(-1) ?? 'it said nothing';
}
