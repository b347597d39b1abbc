/** What the yard promises, seen from outside it, with or without root. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MAKE_YARD } from '../../src/drivers/yard/keeper-script.ts';
import { probeYard } from '../../src/drivers/yard/probe.ts';
import { markProcess } from '../../src/drivers/processes.ts';
import { listResidents } from '../../src/drivers/yard/residents.ts';
import { recordPath } from '../../src/drivers/yard/record.ts';
import { ensureYard, ensureYardAbsent, enterYard, findYard } from '../../src/drivers/yard/yard.ts';
import type { Yard } from '../../src/drivers/yard/yard.ts';
import { run, start } from '../../src/drivers/run.ts';
import { until, type Check } from './check.ts';

export type YardWorld = { readonly stateDir: string; readonly signal: AbortSignal };

export const yardChecks: readonly Check<YardWorld>[] = [
  {
    name: 'the machine can make a yard, and the probe says so',
    run: async (world) => {
      const findings = await probeYard(world);
      assert.deepEqual(
        findings.filter((finding) => !finding.ok),
        [],
      );
      assert.equal(findings.length, 3);
    },
  },
  {
    name: 'a yard that a process made and left is found again by the next one',
    run: async (world) => {
      assert.equal(findYard(world.stateDir), undefined);
      const program = join(import.meta.dirname, 'program.ts');
      await run(process.execPath, [program, 'make-yard', world.stateDir], world);
      const yard = findYard(world.stateDir);
      assert.ok(yard);
      assert.deepEqual(await ensureYard(world.stateDir, world), yard);
      assert.equal(listResidents(world.stateDir).length, 1);
    },
  },
  {
    name: 'inside there is a loopback that is up, the state directory, and nothing of the host network',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      writeFileSync(join(world.stateDir, 'seen'), 'from outside');
      assert.match(await inside(world, yard, ['ip', '-br', 'link']), /^lo .*LOOPBACK,UP.*\n$/);
      assert.equal(await inside(world, yard, ['cat', '/run/stackyard/seen']), 'from outside');
      assert.equal(await inside(world, yard, ['id', '-u']), '0\n');
      assert.equal(await inside(world, yard, ['ls', '/sys/class/net']), 'lo\n');
      const speaks = '/proc/sys/net/ipv6/conf/default/disable_ipv6';
      assert.equal(await inside(world, yard, ['cat', speaks]), '1\n');
    },
  },
  {
    name: 'guests of any user can open the tap device inside, and the device of the host is as it was',
    run: async (world) => {
      const before = statSync('/dev/net/tun').mode;
      const yard = await ensureYard(world.stateDir, world);
      const mode = await inside(world, yard, ['stat', '-c', '%a', '/dev/net/tun']);
      assert.equal(mode, '666\n');
      assert.equal(statSync('/dev/net/tun').mode, before);
    },
  },
  {
    name: 'nothing outside changes: no link, no mount',
    run: async (world) => {
      const links = await run('ip', ['-o', 'link'], world);
      const mounts = await run('cat', ['/proc/self/mountinfo'], world);
      await ensureYardAbsent(world.stateDir, world);
      const yard = await ensureYard(world.stateDir, world);
      await inside(world, yard, ['ip', 'link', 'add', 'name', 'brx', 'type', 'bridge']);
      assert.equal(await run('ip', ['-o', 'link'], world), links);
      assert.equal(await run('cat', ['/proc/self/mountinfo'], world), mounts);
      assert.equal(existsSync('/run/yard.net'), false);
    },
  },
  {
    name: 'a command starts in the directory it is told, and in / when that is not to be seen inside',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      const pwd = async (cwd?: string) => await inside(world, yard, ['pwd'], cwd);
      assert.equal(await pwd(), `${process.cwd()}\n`);
      assert.equal(await pwd('/usr/lib'), '/usr/lib\n');
      assert.equal(await pwd('/run/no such directory; echo'), '/\n');
    },
  },
  {
    name: 'five starts at once make one yard',
    run: async (world) => {
      await ensureYardAbsent(world.stateDir, world);
      const starts = Array.from({ length: 5 }, async () => await ensureYard(world.stateDir, world));
      const yards = await Promise.all(starts);
      assert.equal(new Set(yards.map((yard) => yard.keeperPid)).size, 1);
      assert.equal(listResidents(world.stateDir).length, 1);
    },
  },
  {
    name: 'a maker that is killed before it wrote the record leaves no namespace behind',
    run: async (world) => {
      const user = process.geteuid?.() === 0 ? [] : ['--user', '--map-root-user'];
      const other = join(world.stateDir, 'other');
      mkdirSync(other);
      // Standard input that ends at once is what a keeper sees of a maker that was killed.
      const words = [...user, '--net', '--mount', 'sh', '-c', MAKE_YARD, 'sh', other];
      assert.equal(await run('unshare', words, world), 'ready\n');
      assert.deepEqual(listResidents(other), []);
      rmSync(other, { recursive: true });
    },
  },
  {
    name: 'when the keeper was killed, the yard is found again through a process that lives in it',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      await using _guest = await resident(yard, ['sleep', '1000']);
      const network = networkOf(yard.keeperPid);
      await inside(world, yard, ['ip', 'link', 'add', 'name', 'brkept', 'type', 'bridge']);
      await kill(yard.keeperPid);
      assert.equal(findYard(world.stateDir), undefined);
      const again = await ensureYard(world.stateDir, world);
      assert.notEqual(again.keeperPid, yard.keeperPid);
      assert.equal(networkOf(again.keeperPid), network);
      assert.match(await inside(world, again, ['ip', '-br', 'link']), /brkept/);
      await inside(world, again, ['ip', 'link', 'del', 'brkept']);
    },
  },
  {
    name: 'when the keeper was killed and nobody lives in the yard, it is made anew',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      await kill(yard.keeperPid);
      const again = await ensureYard(world.stateDir, world);
      assert.notEqual(again.keeperPid, yard.keeperPid);
      assert.match(await inside(world, again, ['ip', '-br', 'link']), /^lo .*UP.*\n$/);
    },
  },
  {
    name: 'a lost record is written again for the keeper that lives',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      rmSync(recordPath(world.stateDir));
      assert.deepEqual(await ensureYard(world.stateDir, world), yard);
      writeFileSync(recordPath(world.stateDir), '{"keeper": 12');
      assert.deepEqual(await ensureYard(world.stateDir, world), yard);
    },
  },
  {
    name: 'a recorded pid that now belongs to somebody else is not believed',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      const stranger = markProcess(process.pid);
      const record = JSON.stringify({ keeper: stranger, rootless: yard.rootless });
      writeFileSync(recordPath(world.stateDir), record);
      assert.equal(findYard(world.stateDir), undefined);
      assert.deepEqual(await ensureYard(world.stateDir, world), yard);
    },
  },
  {
    name: 'two clouds never see each other, even when one state directory is a copy of the other',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      const copy = `${world.stateDir}-copy`;
      mkdirSync(copy);
      cpSync(join(world.stateDir, 'run'), join(copy, 'run'), { recursive: true });
      assert.equal(findYard(copy), undefined);
      const other = await ensureYard(copy, world);
      assert.notEqual(networkOf(other.keeperPid), networkOf(yard.keeperPid));
      await ensureYardAbsent(copy, world);
      assert.deepEqual(findYard(world.stateDir), yard);
      rmSync(copy, { recursive: true });
    },
  },
  {
    name: 'removing the yard ends whoever lives in it, the deaf and the nested too, and leaves nothing',
    run: async (world) => {
      const yard = await ensureYard(world.stateDir, world);
      await inside(world, yard, ['ip', 'netns', 'add', 'nested']);
      const deaf = ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 1000; done'];
      await using _deaf = await resident(yard, deaf);
      const nested = ['ip', 'netns', 'exec', 'nested', 'sh', '-c', 'echo up; exec sleep 1000'];
      await using _nested = await resident(yard, nested);
      assert.ok(listResidents(world.stateDir).length >= 4);
      await ensureYardAbsent(world.stateDir, { ...world, graceMs: 100 });
      assert.deepEqual(listResidents(world.stateDir), []);
      assert.equal(existsSync(recordPath(world.stateDir)), false);
      await ensureYardAbsent(world.stateDir, world);
    },
  },
];

async function inside(
  world: YardWorld,
  yard: Yard,
  words: readonly string[],
  cwd?: string,
): Promise<string> {
  const [command = '', ...args] = [...enterYard(yard, cwd), ...words];
  return await run(command, args, world);
}

/** A process that lives in the yard until the scope ends. One that says something is waited for. */
async function resident(yard: Yard, words: readonly string[]): Promise<AsyncDisposable> {
  const [command = '', ...args] = [...enterYard(yard), ...words];
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const pid = child.pid ?? 0;
  if (words.includes('-c')) {
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  } else {
    await until('it lives in the yard', () => networkOf(pid) === networkOf(yard.keeperPid));
  }
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(`process ${pid} has ended`, () => markProcess(pid) === undefined);
}

function networkOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`);
}
