/** Runs Tempest against a cloud, from inside its yard: there the floating IPs are, with and without root. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findControl } from '#app/control-record.ts';
import { start } from '#drivers/run.ts';
import { enterYard, findYard } from '#drivers/yard/yard.ts';
import { Fault } from '#platform/fault.ts';
import { bringApiInto } from './api-in-yard.ts';
import { readCloudFacts } from './cloud-facts.ts';
import { readLeftOut } from './subset.ts';
import { leftOutTests, readResult, type TestResult } from './results.ts';
import { tempestConf } from './tempest-conf.ts';

export type TempestOptions = {
  readonly stateDir: string;
  /** Tests whose name contains a match of any are run. */
  readonly regexes: readonly string[];
  readonly concurrency: number;
  /** Where configuration and log are left; null to remove them. */
  readonly keep: string | null;
  /** Hears each test's result, for people. */
  readonly tell: (line: string) => void;
};

/** Resolves with the result of every test that was selected, those that were left out with why. */
export async function runTempest(options: TempestOptions): Promise<readonly TestResult[]> {
  const { stateDir, regexes, concurrency, keep, tell } = options;
  const control = findControl(stateDir);
  if (!control) {
    const how = `stackyard up --state-dir ${stateDir} --public`;
    throw new Fault('unavailable', 'CloudDown', `No cloud runs on '${stateDir}'. Start it: ${how}`);
  }
  const home = keep ?? (await mkdtemp(join(tmpdir(), 'stackyard-tempest-')));
  await mkdir(join(home, 'etc'), { recursive: true });
  const leftOut = await readLeftOut();
  const facts = await readCloudFacts(stateDir, control);
  await writeFile(join(home, 'etc', 'tempest.conf'), tempestConf(facts, home), { mode: 0o600 });
  await writeFile(join(home, '.stestr.conf'), STESTR);
  const yard = findYard(stateDir);
  try {
    await using _api = yard && (await bringApiInto(yard, new URL(control.url)));
    const enter = yard ? enterYard(yard, home) : [];
    const selection = ['--regex', regexes.map((regex) => `(${regex})`).join('|')];
    const lists = [...enter, 'tempest', 'run', '--list-tests', ...selection];
    const selected = await lines(lists, home, () => undefined);
    const results: TestResult[] = [...leftOutTests(selected, leftOut)];
    const excluded = join(home, 'left-out.txt');
    await writeFile(excluded, leftOut.map(({ regex }) => `${regex}\n`).join(''));
    const runs = [
      ...[...enter, 'tempest', 'run', ...selection],
      ...['--exclude-list', excluded, '--concurrency', String(concurrency)],
    ];
    const said = await lines(runs, home, (line) => {
      const result = readResult(line);
      if (!result) return;
      results.push(result);
      tell(line);
    });
    if (results.some(({ outcome }) => outcome === 'failed')) for (const line of said) tell(line);
    return results;
  } finally {
    if (keep === null) await rm(home, { recursive: true, force: true });
  }
}

const STESTR =
  '[DEFAULT]\ntest_path=/usr/lib/python3/dist-packages/tempest/test_discover\ntop_dir=/usr/lib/python3/dist-packages\ngroup_regex=([^\\.]*\\.)*\n';

/** Every line that a command says; Tempest's exit code adds nothing to them. */
async function lines(
  argv: readonly string[],
  home: string,
  hear: (line: string) => void,
): Promise<readonly string[]> {
  const [command = '', ...args] = argv;
  const env = {
    ...process.env,
    // What was sent and answered is in Tempest's own log; a person sees where a test failed.
    OS_LOG_CAPTURE: '0',
    TEMPEST_CONFIG_DIR: join(home, 'etc'),
    TEMPEST_CONFIG: 'tempest.conf',
  };
  const child = start(command, args, { cwd: home, stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', () => resolve()).once('error', reject);
  });
  const all: string[] = [];
  if (child.stdout === null) throw new Error('Tempest says nothing');
  for await (const line of createInterface(child.stdout)) {
    all.push(line);
    hear(line);
  }
  await ended;
  return all;
}
