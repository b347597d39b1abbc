/** Namespaces that play a host and the world around it: nothing of this machine's own network is touched. */
import { randomUUID } from 'node:crypto';
import { run } from '../../src/drivers/run.ts';
import { inNamespace, serveWho } from './world.ts';

/** The host's addresses, and those of a machine that it reaches by its default route. */
export const HOST = { 4: '198.51.100.2', 6: '2001:db8:51::2', dev: 'lan0' } as const;
export const WORLD = { 4: '203.0.113.7', 6: '2001:db8:113::7', port: 8080 } as const;

export type HostWorld = AsyncDisposable & {
  /** The words by which a command gets into the host. */
  readonly enter: readonly string[];
};

/** A host between itself and a machine far away, whose server says by which address it sees others. */
export async function makeHostWorld(): Promise<HostWorld> {
  const id = randomUUID().slice(0, 8);
  const [host, world] = [`test-host-${id}`, `test-world-${id}`];
  await using undo = new AsyncDisposableStack();
  for (const namespace of [host, world]) {
    await ip(null, [`netns add ${namespace}`]);
    undo.defer(async () => await ip(null, [`netns del ${namespace}`]));
  }
  await ip(host, [
    'link set dev lo up',
    `link add dev ${HOST.dev} type veth peer name lan0 netns ${world}`,
    `addr add ${HOST[4]}/24 dev ${HOST.dev}`,
    `addr add ${HOST[6]}/64 dev ${HOST.dev} nodad`,
    `link set dev ${HOST.dev} up`,
    `route add default via 198.51.100.1`,
    `route add default via 2001:db8:51::1`,
  ]);
  await ip(world, [
    'link set dev lo up',
    'addr add 198.51.100.1/24 dev lan0',
    'addr add 2001:db8:51::1/64 dev lan0 nodad',
    `addr add ${WORLD[4]}/32 dev lo`,
    `addr add ${WORLD[6]}/128 dev lo nodad`,
    'link set dev lan0 up',
  ]);
  undo.use(await serveWho(inNamespace(world), WORLD.port));
  const all = undo.move();
  return {
    enter: ['ip', 'netns', 'exec', host],
    [Symbol.asyncDispose]: async () => await all.disposeAsync(),
  };
}

/** Lines for `ip`, in a namespace or here. */
async function ip(namespace: string | null, lines: readonly string[]): Promise<void> {
  const where = namespace === null ? [] : ['-netns', namespace];
  const input = `${lines.join('\n')}\n`;
  await run('ip', [...where, '-batch', '-'], { signal: AbortSignal.timeout(10_000), input });
}
