/** Guests played by namespaces: fast, and able to bridge, for what is not about a guest's own kernel. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { bridgeName } from '#drivers/dataplane/linux/names.ts';
import { applySteps, realCommands } from '#drivers/dataplane/linux/kernel.ts';
import { planChange } from '#drivers/dataplane/linux/plan.ts';
import { attempt, run, start } from '#drivers/run.ts';
import { changeOf, type DataplaneWorld } from '../dataplane/world.ts';

export type Card = { readonly port: PortSpec; readonly address?: string };

const TRAFFIC = join(import.meta.dirname, 'traffic.ts');
/** An echo listens here. */
export const ECHO_PORT = 7007;

/** Nothing is to be sent that nobody has asked for. */
const QUIET = 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6';

/** A namespace with cards `eth0`, `eth1` and so on. */
export class Guest implements AsyncDisposable {
  readonly name: string;
  readonly cards: readonly Card[];
  /** Of its first card; '' when it has none. */
  readonly address: string;
  readonly #world: DataplaneWorld;
  readonly #running = new Set<ChildProcess>();

  private constructor(
    world: DataplaneWorld,
    name: string,
    fields: { readonly cards: readonly Card[]; readonly address: string | undefined },
  ) {
    this.#world = world;
    this.name = name;
    this.cards = fields.cards;
    this.address = fields.address?.split('/')[0] ?? '';
  }

  /** On ports that are plugged: each tap's place is taken by a veth, which is set up as the tap was. */
  static async make(
    world: DataplaneWorld,
    name: string,
    network: NetworkSpec,
    cards: readonly Card[],
  ): Promise<Guest> {
    await using undo = new AsyncDisposableStack();
    const guest = undo.use(new Guest(world, name, { cards, address: cards[0]?.address }));
    await run('ip', ['netns', 'add', name], world);
    await guest.exec('sh', '-c', QUIET);
    for (const [index, { port, address }] of cards.entries()) {
      const card = `eth${index}`;
      await run('ip', ['link', 'del', port.tap], world);
      const peer = ['peer', 'name', card, 'address', port.mac, 'mtu', String(port.mtu)];
      const pair = ['link', 'add', port.tap, 'type', 'veth', ...peer, 'netns', name];
      await run('ip', pair, world);
      await guest.exec('ip', 'link', 'set', card, 'up');
      if (address !== undefined) await guest.exec('ip', 'addr', 'add', address, 'dev', card);
    }
    await plug(
      world,
      network,
      cards.map(({ port }) => port),
    );
    undo.move();
    return guest;
  }

  /** A card on any bridge, in any namespace or this one: what no data plane has anything to do with. */
  static async onBridge(
    world: DataplaneWorld,
    name: string,
    address: string,
    { home, bridge }: { readonly home: string | null; readonly bridge: string },
  ): Promise<Guest> {
    await using undo = new AsyncDisposableStack();
    const guest = undo.use(new Guest(world, name, { cards: [], address }));
    await run('ip', ['netns', 'add', name], world);
    await guest.exec('sh', '-c', QUIET);
    const pair = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', name];
    const there = home === null ? [] : ['-n', home];
    await run('ip', [...there, 'link', 'add', name, ...pair], world);
    await run('ip', [...there, 'link', 'set', name, 'master', bridge, 'up'], world);
    await guest.exec('ip', 'link', 'set', 'eth0', 'up');
    await guest.exec('ip', 'addr', 'add', address, 'dev', 'eth0');
    undo.move();
    return guest;
  }

  async exec(...command: readonly string[]): Promise<string> {
    return await run('ip', ['netns', 'exec', this.name, ...command], this.#world);
  }

  /** Starts a command that ends with the guest at the latest. */
  start(...command: readonly string[]): ChildProcess {
    const child = start('ip', ['netns', 'exec', this.name, ...command], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Runs `traffic.ts` to its end and returns what it has said. */
  async traffic<T>(...words: readonly (string | number)[]): Promise<T> {
    return JSON.parse(await this.exec(process.execPath, TRAFFIC, ...words.map(String))) as T;
  }

  /** Answers every datagram from now on. */
  async echo(): Promise<void> {
    const { stdout } = this.start(process.execPath, TRAFFIC, 'echo', String(ECHO_PORT));
    if (stdout === null) throw new Error('the echo says nothing');
    await once(createInterface(stdout), 'line');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    const signal = AbortSignal.timeout(10_000);
    for (const { port } of this.cards) await attempt('ip', ['link', 'del', port.tap], { signal });
    await attempt('ip', ['netns', 'del', this.name], { signal });
  }
}

/** What passes from one guest to another over TCP in a second, in Mbit/s. */
export async function megabits(client: Guest, server: Guest): Promise<number> {
  const listener = server.start('iperf3', '-s', '-1', '--forceflush');
  const ended = once(listener, 'exit');
  if (listener.stdout === null) throw new Error('iperf3 says nothing');
  const lines = createInterface(listener.stdout);
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes('listening')) resolve();
    });
  });
  const said = await client.exec('iperf3', '-c', server.address, '-t', '1', '-J');
  await ended;
  const { end } = JSON.parse(said) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e6;
}

/** What the data plane does to taps that it has just made. */
async function plug(
  world: DataplaneWorld,
  network: NetworkSpec,
  ports: readonly PortSpec[],
): Promise<void> {
  const { id, mtu, adminStateUp: up } = network;
  const facts = {
    bridges: new Map([[id, { name: bridgeName(id), mtu, up }]]),
    taps: new Map(),
    portIds: new Map(),
    serviceLinks: new Map(),
    serviceNamespaces: new Set<string>(),
    strays: new Set(ports.map(({ tap }) => tap)),
  };
  const { ip, fdb } = planChange(changeOf({ ports }), facts, null);
  const { signal } = world;
  const made = await applySteps(ip, realCommands, { signal });
  const pinned = await applySteps(fdb, realCommands, { signal, tool: 'bridge' });
  for (const error of [...made.failures.values(), ...pinned.failures.values()]) throw error;
}
