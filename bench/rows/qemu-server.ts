/** From asking for a server to ACTIVE with real QEMU, less what QEMU alone takes for the same machine; and hot-plug. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine } from '#drivers/processes.ts';
import { start } from '#drivers/run.ts';
import { YARD_STATE_DIR } from '#drivers/yard/yard.ts';
import { BenchCloud, boot, remove } from '../support/bench-cloud.ts';
import { median, timed } from '../support/clock.ts';
import type { Measure } from '../support/row.ts';

const RUNS = 5;
const HOT_PLUGS = 6;

export const qemuServer: Measure = async (tell) => {
  if (!existsSync('/usr/bin/qemu-system-x86_64')) {
    tell('skipped: there is no qemu-system-x86_64 here');
    return [];
  }
  await using cloud = await BenchCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
  const demo = await cloud.as('demo');
  const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny-uec');
  const net_id = networks[0].id;
  const wanted = { imageRef: images[0].id, networks: [{ uuid: net_id }] };
  // The first server of a network brings bridge and DHCP with it; it stays, so that those measured are like most servers.
  tell('a first server on the network');
  const first = await boot(demo, wanted);
  const [creates, bares, plugs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < RUNS; round++) {
    const plugCount = round === RUNS - 1 ? HOT_PLUGS : 0;
    tell(`server ${round + 1} of ${RUNS}`);
    const { ms, result: id } = await timed(async () => await boot(demo, wanted));
    creates.push(ms);
    const pid = cloud.real.guestPid(id);
    assert.ok(pid !== undefined, 'the guest runs');
    bares.push(await startBare(commandLine(pid), cloud.real.stateDir, id));
    for (let plug = 0; plug < plugCount; plug++) {
      const path = `/compute/v2.1/servers/${id}/os-interface`;
      const answered = await timed(
        async () => await demo.ask('POST', path, { interfaceAttachment: { net_id } }),
      );
      plugs.push(answered.ms);
    }
    await remove(demo, id);
  }
  await remove(demo, first);
  return [
    {
      what: 'server create -> ACTIVE, QEMU, without what QEMU itself takes',
      value: median(creates) - median(bares),
      unit: 'ms',
      target: { atMost: 150 },
      floor: null,
    },
    {
      what: '  with it',
      value: median(creates),
      unit: 'ms',
      target: null,
      floor: { what: 'a bare QEMU with the same machine', value: median(bares) },
    },
    {
      what: 'interface hot-plug, POST to answer, QEMU',
      value: median(plugs),
      unit: 'ms',
      target: { atMost: 200 },
      floor: null,
    },
  ];
};

/** How long a QEMU with the same words takes until it runs: same machine, its files copied, its card on no tap. */
async function startBare(words: readonly string[], stateDir: string, id: string): Promise<number> {
  const copy = mkdtempSync(join(tmpdir(), 'stackyard-bare-'));
  try {
    const directory = join(stateDir, 'servers', id);
    cpSync(directory, copy, { recursive: true, filter: (path) => !/\.(sock|pid)$/.test(path) });
    const [program = '', ...args] = words
      .filter((word) => word !== '-daemonize')
      .map((word) =>
        withoutTap(word)
          .replaceAll(join(YARD_STATE_DIR, 'servers', id), copy)
          .replaceAll(YARD_STATE_DIR, stateDir),
      );
    args[args.indexOf('-pidfile') + 1] = join(copy, 'bare.pid');
    const { ms, result: child } = await timed(async () => {
      const started = start(program, args, { stdio: 'ignore' });
      await untilItGreets(join(copy, 'run', 'qmp.sock'), started);
      return started;
    });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    return ms;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** QEMU speaks on its socket when the machine is made and the guest's first instruction may run. */
async function untilItGreets(path: string, child: ChildProcess): Promise<void> {
  for (;;) {
    assert.equal(child.exitCode ?? child.signalCode, null, 'QEMU ended by itself');
    const socket = connect(path);
    try {
      await once(socket, 'data');
      return;
    } catch {
      await delay(1); // it does not listen yet
    } finally {
      socket.destroy();
    }
  }
}

function withoutTap(word: string): string {
  if (!word.includes('"tap"')) return word;
  const { id } = JSON.parse(word) as { id: string };
  return JSON.stringify({ type: 'hubport', id, hubid: 0 });
}
