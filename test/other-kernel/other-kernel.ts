/** Another kernel than this machine's, Debian's, under which tests run commands: each in a machine of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, type RunResult } from '#drivers/run.ts';
import { openTinyImage } from '../support/tiny-image.ts';
import { writeRamdisk } from './ramdisk.ts';

export type OtherKernel = AsyncDisposable & {
  /**
   * Boots the kernel without KVM, runs one command there in this checkout as root, with this machine's Node and
   * network tools, and returns how it ended. The machine has no disk and no network; nothing outlives it.
   */
  readonly run: (
    words: readonly string[],
    options: { readonly signal: AbortSignal },
  ) => Promise<RunResult>;
};

/** The serial lines, first to last, as `init` knows them. */
const LINES = ['console', 'stdout', 'stderr', 'code'] as const;
type Line = (typeof LINES)[number];

/** One processor each: what runs there mostly waits for itself, and two machines use two cores better than one does. */
const MACHINE = [
  ...['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '768'],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
];

/** A kernel that breaks down ends its machine at once. The tests of its own ciphers take long without KVM. */
const KERNEL_SETTINGS = 'console=ttyS0 quiet panic=-1 cryptomgr.notests';

/** What the kernel passes on to the first program as it is. */
const PLAIN_WORD = /^[\w./:=@+-]+$/;

/** Makes the ramdisk, which holds this checkout as it is now. */
export async function openOtherKernel(options: {
  readonly signal: AbortSignal;
}): Promise<OtherKernel> {
  await using undo = new AsyncDisposableStack();
  const { image } = undo.use(await openTinyImage(options.signal));
  const folder = await mkdtemp(join(tmpdir(), 'stackyard-kernel-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const ramdisk = join(folder, 'ramdisk');
  await writeRamdisk(ramdisk, image.ramdisk, options.signal);
  const boot = [...MACHINE, '-kernel', image.kernel, '-initrd', ramdisk];
  const made = undo.move();
  return {
    run: async (words, { signal }) => {
      const lines = await mkdtemp(join(folder, 'run-'));
      return await runInMachine(boot, words, lines, signal);
    },
    [Symbol.asyncDispose]: async () => await made.disposeAsync(),
  };
}

async function runInMachine(
  boot: readonly string[],
  words: readonly string[],
  lines: string,
  signal: AbortSignal,
): Promise<RunResult> {
  const odd = words.find((word) => !PLAIN_WORD.test(word));
  if (odd !== undefined) throw new Error(`'${odd}' cannot be said on a kernel's command line.`);
  const serial = LINES.flatMap((name) => ['-serial', `file:${join(lines, name)}`]);
  const append = ['-append', `${KERNEL_SETTINGS} -- ${words.join(' ')}`];
  const heard = async (name: Line) => await readFile(join(lines, name), 'utf8').catch(() => '');
  const all = async () => (await Promise.all(LINES.map(heard))).map((text) => text.slice(-4000));
  try {
    await attempt('qemu-system-x86_64', [...boot, ...serial, ...append], { signal });
  } catch (cause) {
    throw new Error(`The machine did not come to its end:\n${(await all()).join('\n')}`, { cause });
  }
  const code = Number.parseInt(await heard('code'), 10);
  if (Number.isNaN(code)) throw new Error(`The machine broke down:\n${(await all()).join('\n')}`);
  return { code, stdout: await heard('stdout'), stderr: await heard('stderr') };
}
