/** A Fastify server with nothing behind it, in a process of its own: the floor below every request. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { start } from '#drivers/run.ts';

export type BareServer = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  /** From its start to its first answer. */
  readonly startMs: number;
};

/** Started with the options of Node that the cloud has. */
export async function startBareServer(): Promise<BareServer> {
  const began = performance.now();
  const child = start(
    process.execPath,
    ['--max-semi-space-size=4', join(import.meta.dirname, 'bare-program.ts')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  assert.ok(child.stdout);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const answer = await fetch(`${line}/item`);
  await answer.text();
  return {
    url: line,
    pid: child.pid ?? 0,
    startMs: performance.now() - began,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
