/** A guest's QEMU started once more without a cloud around it: the floor below everything that has to do with guests. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine } from '#drivers/processes.ts';
import { start } from '#drivers/run.ts';
import { YARD_STATE_DIR } from '#drivers/yard/yard.ts';
import type { RealCloud } from '../../test/support/real-cloud.ts';
import { timed } from './clock.ts';

export type BareQemuOptions = {
  /** What each network card of the guest is joined to instead of its tap: a `-netdev` without its id. */
  readonly netdev: Readonly<Record<string, unknown>>;
  /** Resolves when the guest has come as far as is measured. */
  readonly until: (qemu: { readonly qmp: string; readonly child: ChildProcess }) => Promise<void>;
};

/** How long a QEMU with the words of a running server's takes until then: same machine, its files copied, its cards on no tap. */
export async function timeBareQemu(
  real: RealCloud,
  id: string,
  { netdev, until }: BareQemuOptions,
): Promise<number> {
  const pid = real.guestPid(id);
  assert.ok(pid !== undefined, 'the guest runs');
  const words = commandLine(pid);
  const copy = mkdtempSync(join(tmpdir(), 'stackyard-bare-'));
  try {
    const directory = join(real.stateDir, 'servers', id);
    cpSync(directory, copy, { recursive: true, filter: (path) => !/\.(sock|pid)$/.test(path) });
    const [program = '', ...args] = words
      .filter((word) => word !== '-daemonize')
      .map((word) =>
        withoutTap(word, netdev)
          .replaceAll(join(YARD_STATE_DIR, 'servers', id), copy)
          .replaceAll(YARD_STATE_DIR, real.stateDir),
      );
    args[args.indexOf('-pidfile') + 1] = join(copy, 'bare.pid');
    const { ms, result: child } = await timed(async () => {
      const started = start(program, args, { stdio: 'ignore' });
      await until({ qmp: join(copy, 'run', 'qmp.sock'), child: started });
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
export async function untilItGreets({
  qmp,
  child,
}: {
  readonly qmp: string;
  readonly child: ChildProcess;
}): Promise<void> {
  for (;;) {
    assert.equal(child.exitCode ?? child.signalCode, null, 'QEMU ended by itself');
    const socket = connect(qmp);
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

function withoutTap(word: string, netdev: BareQemuOptions['netdev']): string {
  if (!word.includes('"tap"')) return word;
  const { id } = JSON.parse(word) as { id: string };
  return JSON.stringify({ ...netdev, id });
}
