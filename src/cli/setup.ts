/** `stackyard setup`: installs the Debian packages that a job lacks, and builds the guest images for it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { missingTools, toolsFinding } from '#drivers/host-tools.ts';
import { run, start } from '#drivers/run.ts';
import { defaultCacheDir } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { isRoot, textOf } from './common.ts';
import { JOBS, type Job } from './needs.ts';
import { note } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

export async function setup(args: VerbArgs): Promise<number> {
  const job = textOf(args, 'for') ?? 'start';
  if (!Object.hasOwn(JOBS, job)) {
    const jobs = Object.keys(JOBS).join(', ');
    throw new Fault('invalid', 'Usage', `--for takes one of ${jobs}, not '${job}'.`);
  }
  const groups = JOBS[job as Job];
  const missing = groups.flatMap(({ tools }) => missingTools(tools));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((tool) => tool.package))].sort();
    if (!isRoot() || !existsSync('/etc/debian_version')) {
      note('This machine lacks something, and only root on Debian has it installed by itself:');
      for (const { subject, tools } of groups) {
        const { ok, said, remedy } = toolsFinding(subject, tools);
        if (!ok) note(`  ${subject}: ${said}\n    ${remedy ?? ''}`);
      }
      // A cloud of fakes, and everything that needs none of this, works all the same.
      return job === 'start' ? 0 : 1;
    }
    await install(packages);
  }
  await buildImages(job as Job);
  return 0;
}

async function install(packages: readonly string[]): Promise<void> {
  note(`Installing Debian packages: ${packages.join(' ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['-q', 'update'],
    ['-q', 'install', '-y', '--no-install-recommends', ...packages],
  ]) {
    const child = start('apt-get', args, { stdio: ['ignore', 2, 2], env });
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (ended) => resolve(ended ?? 1));
    });
    if (code !== 0) {
      throw new Fault(
        'internal',
        'SetupFailed',
        `'apt-get ${args.join(' ')}' ended with ${code}. Put right what it says above and try again.`,
      );
    }
  }
}

/** Built here once, so that the first start of a cloud need not wait for it. */
async function buildImages(job: Job): Promise<void> {
  const { buildTinyImage } = await import('#drivers/guest-image/tiny-image.ts');
  const signal = AbortSignal.timeout(1_800_000);
  const cacheDir = defaultCacheDir(process.env, isRoot());
  // The builder reads package lists; a fresh machine has none.
  if (isRoot() && !(await hasPackageLists(signal))) await install([]);
  await buildTinyImage({
    outputDir: join(cacheDir, 'tiny'),
    cacheDir,
    signal,
    log: note,
    arch: 'amd64',
  });
  // Only root can build it; the tests that boot it are skipped for others.
  if (job !== 'test' || !isRoot()) return;
  const { buildDebianImage } = await import('#drivers/guest-image/debian/debian-image.ts');
  await buildDebianImage({ outputDir: join(cacheDir, 'debian'), cacheDir, signal, log: note });
}

async function hasPackageLists(signal: AbortSignal): Promise<boolean> {
  try {
    return (await run('apt-cache', ['show', 'busybox-static'], { signal })).trim() !== '';
  } catch {
    return false; // apt-cache fails when it knows no such package
  }
}
