/** A data plane on paper, for API work without a network and for simulation at scale. */
import { join } from 'node:path';
import { delay } from '#base/async.ts';
import {
  NO_COUNTERS,
  type AddressGroupSpec,
  type MemberSpec,
  type PortCounters,
  type SecurityGroupSpec,
  type StormState,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import type { RouterSpec } from '#base/host/routers.ts';
import { Fault } from '#platform/fault.ts';
import type {
  CallOptions,
  Dataplane,
  DataplaneChange,
  DataplaneFailures,
  DataplaneState,
} from '../dataplane.ts';
import { FakeMoods, type FakeBehaviour } from '../../fake/fake-moods.ts';

/** `match` names what has this id in an `apply`, which then fails alone; without it the whole call fails. */
type FakeCall = 'apply' | 'observe' | 'counters';

export type FakeDataplaneOptions = {
  /**
   * Where `fake-dataplane.json` may tell how to misbehave (see `FakeBehaviour`), at any time; null
   * for a plane that only its own program can tell.
   */
  readonly stateDir: string | null;
  readonly behaviour?: FakeBehaviour<FakeCall>;
};

/** Keeps every promise of `Dataplane`, with nothing behind it: a port has a carrier once it is applied. */
export class FakeDataplane implements Dataplane {
  readonly #moods: FakeMoods<FakeCall>;
  readonly #networks = new Map<string, NetworkSpec>();
  readonly #ports = new Map<string, PortSpec>();
  readonly #groups = new Map<string, SecurityGroupSpec>();
  readonly #members = new Map<string, MemberSpec>();
  readonly #addressGroups = new Map<string, AddressGroupSpec>();
  readonly #routers = new Map<string, RouterSpec>();
  #answer: ((question: MetadataQuestion) => Promise<HttpAnswer>) | undefined;
  readonly #listeners: ((portId: string, carrier: boolean) => void)[] = [];
  readonly #stormListeners: ((portId: string, state: StormState) => void)[] = [];
  readonly #storms = new Map<string, StormState>();
  readonly #counters = new Map<string, PortCounters>();

  constructor(options: FakeDataplaneOptions) {
    const { stateDir } = options;
    const file = stateDir === null ? null : join(stateDir, 'fake-dataplane.json');
    this.#moods = new FakeMoods('data plane', options.behaviour ?? {}, file);
  }

  /** From now on it misbehaves like this. */
  setBehaviour(behaviour: FakeBehaviour<FakeCall>): void {
    this.#moods.set(behaviour);
  }

  // What it was last told of this or that, for tests that ask what was applied.

  network(id: string): NetworkSpec | undefined {
    return this.#networks.get(id);
  }

  port(id: string): PortSpec | undefined {
    return this.#ports.get(id);
  }

  group(id: string): SecurityGroupSpec | undefined {
    return this.#groups.get(id);
  }

  member(id: string): MemberSpec | undefined {
    return this.#members.get(id);
  }

  router(id: string): RouterSpec | undefined {
    return this.#routers.get(id);
  }

  addressGroup(id: string): AddressGroupSpec | undefined {
    return this.#addressGroups.get(id);
  }

  async apply(change: DataplaneChange, { signal }: CallOptions): Promise<DataplaneFailures> {
    signal.throwIfAborted();
    const { delayMs } = this.#moods;
    if (delayMs > 0) await delay(delayMs, signal);
    const whole = this.#moods.take('apply', (match) => match === undefined);
    if (whole !== null) throw whole;
    const failures = new Map<string, Error>();
    const attempt = (id: string, act: () => void) => {
      // A port and its member have one id, and share its luck.
      if (failures.has(id)) return;
      const failure = this.#moods.take('apply', (match) => match === id);
      if (failure === null) act();
      else failures.set(id, failure);
    };
    const drop = (kept: Map<string, unknown>, ids: readonly string[]) => {
      for (const id of ids) attempt(id, () => void kept.delete(id));
    };
    const keep = <T extends { readonly id: string }>(kept: Map<string, T>, all: readonly T[]) => {
      for (const one of all) attempt(one.id, () => void kept.set(one.id, one));
    };
    for (const id of change.absentPorts) attempt(id, () => this.#unplug(id));
    drop(this.#routers, change.absentRouters);
    drop(this.#networks, change.absentNetworks);
    drop(this.#groups, change.absentGroups);
    drop(this.#members, change.absentMembers);
    drop(this.#addressGroups, change.absentAddressGroups);
    keep(this.#networks, change.networks);
    keep(this.#addressGroups, change.addressGroups);
    keep(this.#groups, change.groups);
    keep(this.#members, change.members);
    for (const port of change.ports) {
      if (this.#networks.has(port.networkId)) attempt(port.id, () => this.#plug(port));
      else failures.set(port.id, networkNotOnHost(port));
    }
    keep(this.#routers, change.routers);
    return failures;
  }

  async observe({ signal }: CallOptions): Promise<DataplaneState> {
    signal.throwIfAborted();
    const failure = this.#moods.take('observe', (match) => match === undefined);
    if (failure !== null) throw failure;
    return {
      networks: [...this.#networks.keys()],
      ports: [...this.#ports.values()].map((port) => ({
        id: port.id,
        plugged: true,
        carrier: port.adminStateUp,
        storm: this.#storms.get(port.id) ?? 'ok',
      })),
      groups: [...this.#groups.keys()],
      members: [...this.#members.keys()],
      addressGroups: [...this.#addressGroups.keys()],
      routers: [...this.#routers.keys()],
    };
  }

  onPortChange(listener: (portId: string, carrier: boolean) => void): void {
    this.#listeners.push(listener);
  }

  onStorm(listener: (portId: string, state: StormState) => void): void {
    this.#stormListeners.push(listener);
  }

  async counters({ signal }: CallOptions): Promise<ReadonlyMap<string, PortCounters>> {
    signal.throwIfAborted();
    const failure = this.#moods.take('counters', (match) => match === undefined);
    if (failure !== null) throw failure;
    return new Map(
      [...this.#ports.keys()].map((id) => [id, this.#counters.get(id) ?? NO_COUNTERS]),
    );
  }

  onMetadata(answer: (question: MetadataQuestion) => Promise<HttpAnswer>): void {
    this.#answer = answer;
  }

  /** Asks as the guest of a port would. */
  async askMetadata(question: MetadataQuestion): Promise<HttpAnswer> {
    this.#checkPlugged(question.portId);
    if (!this.#answer) throw new Error('Nobody answers questions for metadata on this fake host.');
    return await this.#answer(question);
  }

  /** From now on a plugged port is in this state, as if its guest had done something. */
  setStorm(portId: string, state: StormState): void {
    this.#checkPlugged(portId);
    this.#storms.set(portId, state);
    for (const listener of this.#stormListeners) listener(portId, state);
  }

  /** From now on a plugged port has counted this. */
  setCounters(portId: string, counters: PortCounters): void {
    this.#checkPlugged(portId);
    this.#counters.set(portId, counters);
  }

  async close(): Promise<void> {
    this.#listeners.length = 0;
    this.#stormListeners.length = 0;
  }

  #plug(port: PortSpec): void {
    const before = this.#ports.get(port.id);
    this.#ports.set(port.id, port);
    const carrier = before?.adminStateUp ?? false;
    if (carrier !== port.adminStateUp) this.#tell(port.id, port.adminStateUp);
    const cleared = before !== undefined && port.storm.clears > before.storm.clears;
    if (cleared && this.#storms.get(port.id) === 'quarantined') this.setStorm(port.id, 'ok');
  }

  #unplug(id: string): void {
    this.#storms.delete(id);
    this.#counters.delete(id);
    if (this.#ports.delete(id)) this.#tell(id, false);
  }

  #checkPlugged(id: string): void {
    if (!this.#ports.has(id)) throw new Error(`The port ${id} is not plugged on this fake host.`);
  }

  #tell(id: string, carrier: boolean): void {
    for (const listener of this.#listeners) listener(id, carrier);
  }
}

function networkNotOnHost(port: PortSpec): Fault {
  const message = `The port ${port.id} cannot be plugged: its network ${port.networkId} is not on this host.`;
  return new Fault('unavailable', 'NetworkNotOnHost', message);
}
