/** Pairs of guests that speak over a bridge: one with nothing on it, and the data plane's own. */
import { randomUUID } from 'node:crypto';
import { pinnedTo, DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import type { SecurityGroupSpec, SecurityRuleSpec } from '#base/host/firewall.ts';
import { LinuxDataplane } from '#drivers/dataplane/linux/linux-dataplane.ts';
import { run } from '#drivers/run.ts';
import { silentLog } from '#platform/log.ts';
import {
  changeOf,
  networkOf,
  newMac,
  portOf,
  type DataplaneWorld,
} from '../../test/dataplane/world.ts';
import { ECHO_PORT, Guest } from '../../test/storm/guests.ts';
import type { Probe } from '../../test/storm/traffic.ts';

/** Two guests that are to be reached from one another. */
export type Path = {
  readonly client: Guest;
  readonly server: Guest;
};

const RULES_OF_DEFAULT = 4;

export class Paths implements AsyncDisposable {
  readonly #world: DataplaneWorld;
  readonly #dataplane: LinuxDataplane;
  readonly #guests = new AsyncDisposableStack();
  readonly #leave: (() => Promise<void>)[] = [];
  #next = 0;

  constructor(world: DataplaneWorld) {
    this.#world = world;
    const { stateDir } = world;
    this.#dataplane = new LinuxDataplane({ stateDir, tapOwner: null, log: silentLog() });
  }

  /** A bridge of its own, in a namespace that no rules are in. */
  async bare(): Promise<Path> {
    const home = 'bare';
    await run('ip', ['netns', 'add', home], this.#world);
    this.#guests.defer(async () => {
      await run('ip', ['netns', 'del', home], { signal: AbortSignal.timeout(10_000) });
    });
    const ip = async (...words: string[]) => await run('ip', ['-n', home, ...words], this.#world);
    // Else br_netfilter would take its way through here, too.
    const switches = 'for one in /proc/sys/net/bridge/bridge-nf-call-*; do echo 0 >$one; done';
    await run('ip', ['netns', 'exec', home, 'sh', '-c', switches], this.#world);
    await ip('link', 'add', 'bridge', 'type', 'bridge', 'mcast_snooping', '0');
    await ip('link', 'set', 'bridge', 'up');
    return await this.#pair(async (name, card) => {
      return await Guest.onBridge(this.#world, name, card, { home, bridge: 'bridge' });
    });
  }

  /** A network of strict ports in one group, which has so many rules before the one that lets all in. */
  async guarded(rules: number = RULES_OF_DEFAULT): Promise<Path> {
    const group = groupOf(rules);
    const network = networkOf({ mtu: 1500 });
    const cards = [this.#address(), this.#address()].map((address) => {
      const mac = newMac();
      const pairs = [{ mac, cidr: `${address}/32` }];
      const firewall = pinnedTo([mac], { mode: 'strict', pairs, groups: [group.id] });
      const port = portOf(network, { mac, firewall, storm: DEFAULT_STORM_CONTROL });
      return { port, address: `${address}/16` };
    });
    const ports = cards.map(({ port }) => port);
    const change = { networks: [network], groups: [group], ports };
    const failures = await this.#dataplane.apply(changeOf(change), this.#world);
    for (const error of failures.values()) throw error;
    this.#leave.push(async () => {
      const absentPorts = ports.map(({ id }) => id);
      const gone = { absentPorts, absentNetworks: [network.id], absentGroups: [group.id] };
      await this.#dataplane.apply(changeOf(gone), this.#world);
    });
    const left = cards.values();
    return await this.#pair(async (name) => {
      const card = left.next().value;
      if (card === undefined) throw new Error('there are two cards');
      return await Guest.make(this.#world, name, network, [card]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const leave of this.#leave) await leave();
    await this.#guests.disposeAsync();
    await this.#dataplane.close();
  }

  async #pair(make: (name: string, address: string) => Promise<Guest>): Promise<Path> {
    const name = `pair${this.#next}`;
    const client = this.#guests.use(await make(`${name}-client`, `${this.#address()}/16`));
    const server = this.#guests.use(await make(`${name}-server`, `${this.#address()}/16`));
    await server.echo();
    return { client, server };
  }

  #address(): string {
    this.#next += 1;
    return `198.18.0.${this.#next}`;
  }
}

/** Times of small datagrams to the server and back, one after the other. */
export async function roundTrips(path: Path, count: number): Promise<readonly number[]> {
  const { milliseconds } = await path.client.traffic<Probe>(
    ...['probe', path.server.address, ECHO_PORT, count, 0],
  );
  return milliseconds;
}

/** As many rules as nobody writes by hand, none of which says anything of what is sent; then one that lets it in. */
function groupOf(count: number): SecurityGroupSpec {
  const any = { version: 4, protocol: null, ports: null, remote: { kind: 'any' } } as const;
  const others = Array.from({ length: count - 2 }, (_, index): SecurityRuleSpec => {
    const port = 20_000 + index;
    return {
      ...any,
      id: ruleId(index),
      direction: 'ingress',
      protocol: 6,
      ports: { min: port, max: port },
    };
  });
  const rules: SecurityRuleSpec[] = [
    ...others,
    { ...any, id: ruleId(count - 2), direction: 'ingress' },
    { ...any, id: ruleId(count - 1), direction: 'egress' },
  ];
  return { id: randomUUID(), stateful: true, rules };
}

/** In the order in which rules stand in a group. */
function ruleId(index: number): string {
  return `${index.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}
