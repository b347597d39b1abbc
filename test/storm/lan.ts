/** A network with two servers that speak with each other, one that shouts, and one that may do harm. */
import { randomUUID } from 'node:crypto';
import {
  DEFAULT_STORM_CONTROL,
  pinnedTo,
  type PortCounters,
  type PortFirewall,
  type SecurityGroupSpec,
  type StormControl,
  type StormState,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { LinuxDataplane } from '#drivers/dataplane/linux/linux-dataplane.ts';
import type { DataplaneChange } from '#drivers/dataplane/dataplane.ts';
import { silentLog } from '#platform/log.ts';
import { until } from '../dataplane/check.ts';
import { changeOf, networkOf, newMac, portOf, type DataplaneWorld } from '../dataplane/world.ts';
import { ECHO_PORT, Guest, megabits } from './guests.ts';
import type { Flood, Probe } from './traffic.ts';

/** No limits: as a network is without storm control. */
export const NO_LIMITS: StormControl = {
  ...DEFAULT_STORM_CONTROL,
  broadcast: null,
  multicast: null,
  unknownUnicast: null,
};

export type LanOptions = {
  /** Of all ports of the network. */
  readonly storm: StormControl;
  /** How the harmful server's cards are: `strict` like the others', or `transparent`. */
  readonly harmful: 'strict' | 'transparent';
  readonly harmfulCards: number;
};

export type StormEvent = {
  readonly portId: string;
  readonly state: StormState;
  /** As `Date.now()` has it. */
  readonly at: number;
};

/** What the two servers have lost of what they sent each other, as a share, and what passes between them. */
export type Health = { readonly loss: number; readonly megabits: number };

const PATIENCE_MS = 15_000;
const PROBES = 200;
const PROBE_EVERY_MS = 2;
const SHOUT = '10.70.255.255';

export class Lan implements AsyncDisposable {
  readonly dataplane: LinuxDataplane;
  readonly network: NetworkSpec = networkOf();
  readonly events: StormEvent[] = [];
  readonly #world: DataplaneWorld;
  readonly #group: SecurityGroupSpec;
  readonly #guests = new AsyncDisposableStack();
  #ports: readonly PortSpec[] = [];
  #found: Record<'client' | 'server' | 'shouter' | 'harmful', Guest> | undefined;

  private constructor(world: DataplaneWorld) {
    this.#world = world;
    this.dataplane = new LinuxDataplane({
      stateDir: world.stateDir,
      tapOwner: null,
      log: silentLog(),
    });
    const any = { version: 4, protocol: null, ports: null, remote: { kind: 'any' } } as const;
    const rules = (['ingress', 'egress'] as const).map((direction) => ({
      ...any,
      id: randomUUID(),
      direction,
    }));
    this.#group = { id: randomUUID(), stateful: true, rules };
  }

  static async make(world: DataplaneWorld, options: LanOptions): Promise<Lan> {
    await using undo = new AsyncDisposableStack();
    const lan = undo.use(new Lan(world));
    await lan.#build(options);
    undo.move();
    return lan;
  }

  guest(who: 'client' | 'server' | 'shouter' | 'harmful'): Guest {
    if (this.#found === undefined) throw new Error('the network has not been built');
    return this.#found[who];
  }

  async apply(change: Partial<DataplaneChange>): Promise<void> {
    const failures = await this.dataplane.apply(changeOf(change), this.#world);
    for (const error of failures.values()) throw error;
  }

  /** Sets the storm control of all ports. */
  async setStorm(storm: Partial<StormControl>): Promise<void> {
    this.#ports = this.#ports.map((port) => ({ ...port, storm: { ...port.storm, ...storm } }));
    await this.apply({ ports: this.#ports });
  }

  /** Waits until a port is in this state, and returns when it was said to be. */
  async untilState({ id }: PortSpec, state: StormState): Promise<number> {
    const find = () => this.events.findLast(({ portId }) => portId === id);
    await until(`${id} is ${state}`, () => find()?.state === state, PATIENCE_MS);
    return find()?.at ?? 0;
  }

  /** Waits until any of the ports is in this state, and returns which one was first, and when. */
  async untilAny(ports: readonly PortSpec[], state: StormState): Promise<StormEvent> {
    const ids = new Set(ports.map(({ id }) => id));
    const find = () => this.events.find((one) => one.state === state && ids.has(one.portId));
    await until(`a port is ${state}`, () => find() !== undefined, PATIENCE_MS);
    return find() as StormEvent;
  }

  async countersOf({ id }: PortSpec): Promise<PortCounters> {
    const counters = (await this.dataplane.counters(this.#world)).get(id);
    if (counters === undefined) throw new Error(`the port ${id} has no counters`);
    return counters;
  }

  /** The share that the two servers lose of what they send each other. */
  async loss(): Promise<number> {
    const { sent, received } = await this.guest('client').traffic<Probe>(
      ...['probe', this.guest('server').address, ECHO_PORT, PROBES, PROBE_EVERY_MS],
    );
    return 1 - received / sent;
  }

  async health(): Promise<Health> {
    const loss = await this.loss();
    return { loss, megabits: await megabits(this.guest('client'), this.guest('server')) };
  }

  /** Broadcasts from the server that shouts, as fast as it can. */
  async shout(milliseconds: number): Promise<Flood> {
    return await this.guest('shouter').traffic<Flood>('flood', SHOUT, milliseconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const absentPorts = this.#ports.map(({ id }) => id);
    await this.apply({ absentPorts, absentNetworks: [this.network.id] });
    await this.#guests.disposeAsync();
    await this.dataplane.close();
  }

  async #build({ storm, harmful, harmfulCards }: LanOptions): Promise<void> {
    const people = ['client', 'server', 'shouter'].map((name, index) => {
      const address = `10.70.0.${index + 1}`;
      return { name, address, port: this.#port(storm, address) };
    });
    const cards = Array.from({ length: harmfulCards }, (_, index) => {
      return harmful === 'strict'
        ? this.#port(storm, `10.70.1.${index + 1}`)
        : this.#port(storm, null);
    });
    this.#ports = [...people.map(({ port }) => port), ...cards];
    await this.apply({ networks: [this.network], groups: [this.#group], ports: this.#ports });
    this.dataplane.onStorm((portId, state) => {
      this.events.push({ portId, state, at: Date.now() });
    });
    const make = async (name: string, some: Parameters<typeof Guest.make>[3]) =>
      this.#guests.use(await Guest.make(this.#world, name, this.network, some));
    const made: Guest[] = [];
    for (const { name, address, port } of people) {
      made.push(await make(name, [{ port, address: `${address}/16` }]));
    }
    const [client, server, shouter] = made as [Guest, Guest, Guest];
    const bad = await make(
      'harmful',
      cards.map((port) => ({ port })),
    );
    this.#found = { client, server, shouter, harmful: bad };
    await server.echo();
  }

  /** `address` null: a transparent port. */
  #port(storm: StormControl, address: string | null): PortSpec {
    const mac = newMac();
    const fields: Partial<PortFirewall> =
      address === null
        ? { mode: 'transparent' }
        : { mode: 'strict', pairs: [{ mac, cidr: `${address}/32` }], groups: [this.#group.id] };
    return portOf(this.network, { mac, firewall: pinnedTo([mac], fields), storm });
  }
}
