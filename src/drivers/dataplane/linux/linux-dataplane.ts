/** The data plane of a Linux host: bridges, taps, one nftables table, and dnsmasq. */
import { join } from 'node:path';
import { KeyedQueue } from '#base/async.ts';
import type { PortCounters, StormState } from '#base/host/firewall.ts';
import { tapName, type PortSpec, type PortState } from '#base/host/links.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { Fault } from '#platform/fault.ts';
import type { Logger } from '#platform/log.ts';
import type {
  CallOptions,
  Dataplane,
  DataplaneChange,
  DataplaneFailures,
  DataplaneState,
} from '../dataplane.ts';
import { DhcpServers } from './dhcp/dhcp-servers.ts';
import { dnsmasqUser, hostUser } from './dhcp/dnsmasq-user.ts';
import { settleFacts, type Facts } from './facts.ts';
import {
  applySteps,
  applyStepsApart,
  chooseEngine,
  observeKernel,
  realCommands,
  type Commands,
  type Observation,
  type StepResults,
} from './kernel.ts';
import { LinkMonitor } from './link-monitor.ts';
import { bridgeName, routerNamespace, serviceNamespace } from './names.ts';
import { readCounters } from './counters.ts';
import { Firewall } from './firewall/firewall.ts';
import { enforce } from './firewall/enforce.ts';
import type { Engine } from './firewall/engine.ts';
import { planChange, REMOVAL, type Step, type TapOwner } from './plan.ts';
import { RADVD } from './routers/advertisers.ts';
import { routerFault } from './routers/router-fault.ts';
import { metadataChange } from './metadata/places.ts';
import { Metadata } from './metadata/metadata.ts';
import { Routers } from './routers/routers.ts';
import { ServiceLinks } from './service-links.ts';
import { StormWatch } from './storm-watch.ts';
import { Uplink } from './uplink/uplink.ts';
import { addressGroupFault, groupFault, memberFault, networkFault, portFault } from './specs.ts';

export type LinuxDataplaneOptions = {
  /** The cloud's state directory as seen inside the yard. */
  readonly stateDir: string;
  /** Who may open taps beside root; null when guests run as the agent's own user. */
  readonly tapOwner: TapOwner | null;
  readonly log: Logger;
  /** For tests that count what is done. */
  readonly commands?: Commands;
  /** How often DHCP servers that died are looked for. */
  readonly watchMs?: number;
  /** How often it is asked which ports flood or loop. */
  readonly stormMs?: number;
};

/** The services of how many networks are brought up side by side. */
const SERVED_AT_ONCE = 4;

const WATCH_MS = 3_000;
/** A loop is to be reported within a second. */
const STORM_MS = 400;

export class LinuxDataplane implements Dataplane {
  readonly #commands: Commands;
  readonly #tapOwner: TapOwner | null;
  readonly #log: Logger;
  readonly #metadata: Metadata;
  readonly #serviceLinks: ServiceLinks;
  readonly #dhcp: DhcpServers;
  readonly #routers: Routers;
  readonly #uplink: Uplink;
  readonly #queue = new KeyedQueue();
  readonly #watch: NodeJS.Timeout;
  readonly #listeners: ((portId: string, carrier: boolean) => void)[] = [];
  readonly #storms: StormWatch;
  #monitor: LinkMonitor | undefined;
  /** Found out at the first look. */
  #firewall: { readonly engine: Engine; readonly rules: Firewall } | undefined;
  /** What is there, kept in step with what is applied; undefined when that is not sure. */
  #facts: Facts | undefined;
  /** Port ids by tap, of the last facts there were: carriers come and go while a change is made. */
  #portIds: ReadonlyMap<string, string> = new Map();

  constructor(options: LinuxDataplaneOptions) {
    this.#commands = options.commands ?? realCommands;
    this.#tapOwner = options.tapOwner;
    this.#log = options.log;
    this.#metadata = new Metadata({ commands: this.#commands, log: options.log });
    this.#serviceLinks = new ServiceLinks({
      directory: join(options.stateDir, 'links'),
      commands: this.#commands,
      forced: () => this.#metadata.forced,
    });
    this.#dhcp = new DhcpServers({
      directory: join(options.stateDir, 'dhcp'),
      user: dnsmasqUser(),
      commands: this.#commands,
      log: options.log,
    });
    this.#routers = new Routers({
      directory: join(options.stateDir, 'routers'),
      user: hostUser(RADVD.command),
      commands: this.#commands,
      log: options.log,
    });
    this.#uplink = new Uplink({ commands: this.#commands, log: options.log });
    this.#watch = setInterval(() => void this.#revive(), options.watchMs ?? WATCH_MS);
    this.#watch.unref();
    this.#storms = new StormWatch({
      commands: this.#commands,
      log: options.log,
      everyMs: options.stormMs ?? STORM_MS,
      portIds: () => this.#portIds,
    });
  }

  async apply(change: DataplaneChange, options: CallOptions): Promise<DataplaneFailures> {
    return await this.#queue.run(QUEUE, async () => await this.#apply(change, options.signal));
  }

  async observe(options: CallOptions): Promise<DataplaneState> {
    return await this.#queue.run(QUEUE, async () => await this.#observe(options.signal));
  }

  onPortChange(listener: (portId: string, carrier: boolean) => void): void {
    this.#listeners.push(listener);
    this.#monitor ??= new LinkMonitor(
      ({ name, carrier }) => {
        const id = this.#portIds.get(name);
        if (id !== undefined) this.#tell(id, carrier);
      },
      () => void this.#tellAll(),
      this.#log,
    );
  }

  onMetadata(answer: (question: MetadataQuestion) => Promise<HttpAnswer>): void {
    this.#metadata.answerWith(answer);
  }

  onStorm(listener: (portId: string, state: StormState) => void): void {
    this.#storms.onState(listener);
  }

  async counters({ signal }: CallOptions): Promise<ReadonlyMap<string, PortCounters>> {
    return await readCounters(this.#commands, signal);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#listeners.length = 0;
    this.#monitor?.close();
    this.#storms.close();
    await this.#queue.idle();
    await this.#routers.close();
    await this.#metadata.close();
  }

  async #apply(change: DataplaneChange, signal: AbortSignal): Promise<DataplaneFailures> {
    const failures = new Map<string, Error>();
    let fit = withoutUnfit(change, failures);
    const known = this.#facts;
    // Until all has gone well, what is known is not sure.
    this.#facts = undefined;
    let facts = known ?? (await this.#look(signal)).facts;
    let result = await this.#plug(fit, facts, { apart: false, signal });
    if (result.failures.size > 0 && (known !== undefined || result.cutShort)) {
      // What we believed was out of date, or the wrong ids are blamed: look, and try once more.
      facts = (await this.#look(signal)).facts;
      result = await this.#plug(fit, facts, { apart: true, signal });
    }
    // What has failed in one place is left out in those that build on it.
    const leaveOut = (failed: DataplaneFailures) => {
      for (const [id, error] of failed) failures.set(id, error);
      fit = without(fit, failures);
    };
    leaveOut(result.failures);
    leaveOut(await this.#serve(fit, result.relinked, signal));
    leaveOut(await this.#uplink.settle(fit, signal));
    for (const id of fit.absentRouters) this.#metadata.leave(routerNamespace(id));
    const isHere = (networkId: string) => facts.bridges.has(networkId);
    leaveOut(await this.#routers.settle(fit, { isHere, signal }));
    leaveOut(await this.#metadata.settle(metadataChange(fit, result.relinked), signal));
    if (result.failures.size === 0) this.#facts = facts;
    return failures;
  }

  /** Brings links and rules in line. The facts then say what was done, but for what failed. */
  async #plug(
    change: DataplaneChange,
    facts: Facts,
    options: { readonly apart: boolean; readonly signal: AbortSignal },
  ): Promise<{
    readonly failures: ReadonlyMap<string, Error>;
    readonly cutShort: boolean;
    readonly relinked: ReadonlySet<string>;
  }> {
    const { apart, signal } = options;
    const failures = new Map<string, Error>();
    for (const port of change.ports) {
      const fault = placeFault(port, change, facts);
      if (fault !== null) failures.set(port.id, fault);
    }
    const placed = without(change, failures);
    const plan = planChange(placed, facts, this.#tapOwner);
    for (const id of plan.stopServices) {
      this.#metadata.leave(serviceNamespace(id));
      await this.#dhcp.stop(id);
    }

    // First the rules: a tap must never be on a bridge without them.
    const rules = this.#firewall?.rules ?? new Firewall('inet');
    const tapOf = (id: string) => facts.taps.get(id)?.name ?? tapName(id);
    for (const [id, error] of await enforce(rules, placed, tapOf, this.#commands, signal)) {
      failures.set(id, error);
    }
    const ready = (step: { readonly id: string }) => !failures.has(step.id);
    const done = await this.#take(plan.ip.filter(ready), { apart, signal });
    const pinned = await this.#take(plan.fdb.filter(ready), { apart, signal, tool: 'bridge' });
    for (const [id, error] of pinned.failures) failures.set(id, error);
    for (const [id, error] of done.failures) {
      const ids = id === REMOVAL ? [...placed.absentNetworks, ...placed.absentPorts] : [id];
      for (const one of ids) failures.set(one, error);
    }
    settleFacts(placed, failures, facts);
    return { failures, cutShort: done.cutShort || pinned.cutShort, relinked: plan.relinked };
  }

  /** Takes steps together, or each id's apart. */
  async #take(
    steps: readonly Step[],
    options: {
      readonly apart: boolean;
      readonly signal: AbortSignal;
      readonly tool?: 'ip' | 'bridge';
    },
  ): Promise<StepResults> {
    if (!options.apart) return await applySteps(steps, this.#commands, options);
    const failures = await applyStepsApart(steps, this.#commands, options);
    return { failures, cutShort: false };
  }

  /** Brings the services of networks in line, each network's by itself. */
  async #serve(
    change: DataplaneChange,
    relinked: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Error>> {
    const failures = new Map<string, Error>();
    const tasks: { readonly id: string; readonly run: () => Promise<void> }[] = [];
    for (const id of change.absentNetworks) {
      const run = async () => {
        await this.#dhcp.ensureAbsent(id);
        await this.#serviceLinks.forget(id);
      };
      tasks.push({ id, run });
    }
    for (const network of change.networks) {
      const { id, mtu, dhcp } = network;
      const run = async () => {
        const relink = relinked.has(id);
        if (dhcp === null) await this.#dhcp.ensureAbsent(id);
        const linked = await this.#serviceLinks.ensure(network, { signal, relink });
        if (dhcp !== null) await this.#dhcp.ensure({ id, mtu, dhcp }, { signal, linked });
      };
      tasks.push({ id, run });
    }
    const next = tasks.values();
    const work = async () => {
      for (const { id, run } of next) {
        try {
          await run();
        } catch (error) {
          signal.throwIfAborted();
          failures.set(id, asError(error));
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(SERVED_AT_ONCE, tasks.length) }, work));
    return failures;
  }

  async #observe(signal: AbortSignal): Promise<DataplaneState> {
    this.#facts = undefined;
    this.#uplink.doubt();
    const { facts, carriers, ruleset, storms } = await this.#look(signal);
    this.#facts = facts;
    const networks = new Set([
      ...facts.bridges.keys(),
      ...facts.serviceLinks.keys(),
      ...facts.serviceNamespaces,
      ...this.#dhcp.ids(),
    ]);
    const ports: PortState[] = [];
    for (const [id, tap] of facts.taps) {
      const plugged = tap.master !== null && ruleset.taps.has(tap.name);
      const storm = storms.get(tap.name) ?? 'ok';
      ports.push({ id, plugged, carrier: carriers.has(id), storm });
    }
    const rules = { ...NO_IDS, ...this.#firewall?.rules.ids() };
    return { networks: [...networks], ports, routers: this.#routers.ids(), ...rules };
  }

  async #look(signal: AbortSignal): Promise<Observation> {
    if (this.#firewall === undefined) {
      const engine = await chooseEngine(this.#commands, signal);
      this.#firewall = { engine, rules: new Firewall(engine) };
    }
    await this.#metadata.probe(signal);
    const { engine, rules } = this.#firewall;
    const seen = await observeKernel(engine, this.#commands, signal);
    rules.find(seen.ruleset);
    this.#routers.found(seen.routers);
    this.#portIds = seen.facts.portIds;
    return seen;
  }

  /** Starts what was killed again. */
  async #revive(): Promise<void> {
    this.#metadata.revive();
    await this.#routers.revive();
    await this.#reviveDhcp();
  }

  async #reviveDhcp(): Promise<void> {
    if (this.#dhcp.fallen().length === 0) return;
    await this.#queue.run(QUEUE, async () => {
      for (const network of this.#dhcp.fallen()) {
        this.#log.warn({ network: network.id }, 'the DHCP server had ended and is started again');
        try {
          const signal = AbortSignal.timeout(10_000);
          await this.#dhcp.ensure(network, { signal, linked: false });
        } catch (error) {
          this.#log.error({ network: network.id, err: error }, 'the DHCP server does not start');
        }
      }
    });
  }

  #tell(portId: string, carrier: boolean): void {
    for (const listener of this.#listeners) listener(portId, carrier);
  }

  /** After a gap in events, every port may have changed. */
  async #tellAll(): Promise<void> {
    try {
      const state = await this.observe({ signal: AbortSignal.timeout(10_000) });
      for (const port of state.ports) this.#tell(port.id, port.carrier);
    } catch (error) {
      this.#log.warn({ err: error }, 'ports could not be looked at after a gap in link events');
    }
  }
}

const NO_IDS = { groups: [], members: [], addressGroups: [] };

/** One at a time: changes and looks never see each other half done. */
const QUEUE = 'kernel';

/** The change without what can never be plugged. */
function withoutUnfit(change: DataplaneChange, failures: Map<string, Error>): DataplaneChange {
  const judge = <T extends { readonly id: string }>(
    some: readonly T[],
    faultOf: (one: T) => Fault | null,
  ) => {
    for (const one of some) {
      const fault = faultOf(one);
      if (fault !== null) failures.set(one.id, fault);
    }
  };
  judge(change.networks, networkFault);
  judge(change.ports, portFault);
  judge(change.groups, groupFault);
  judge(change.members, memberFault);
  judge(change.addressGroups, addressGroupFault);
  judge(change.routers, routerFault);
  return without(change, failures);
}

function without(
  change: DataplaneChange,
  failures: { readonly size: number; readonly has: (id: string) => boolean },
): DataplaneChange {
  if (failures.size === 0) return change;
  const fit = <T extends { readonly id: string }>(some: readonly T[]) =>
    some.filter((one) => !failures.has(one.id));
  const rest = (ids: readonly string[]) => ids.filter((id) => !failures.has(id));
  return {
    networks: fit(change.networks),
    ports: fit(change.ports),
    groups: fit(change.groups),
    members: fit(change.members),
    addressGroups: fit(change.addressGroups),
    absentNetworks: rest(change.absentNetworks),
    absentPorts: rest(change.absentPorts),
    absentGroups: rest(change.absentGroups),
    absentMembers: rest(change.absentMembers),
    absentAddressGroups: rest(change.absentAddressGroups),
    routers: fit(change.routers),
    absentRouters: rest(change.absentRouters),
  };
}

/** Why there is no place for this port here; null when there is. */
function placeFault(port: PortSpec, change: DataplaneChange, facts: Facts): Fault | null {
  const { id, networkId, tap } = port;
  const bridge = facts.bridges.get(networkId)?.name === bridgeName(networkId);
  if (!bridge && !change.networks.some((network) => network.id === networkId)) {
    const message = `The port ${id} cannot be plugged: its network ${networkId} is not on this host.`;
    return new Fault('unavailable', 'NetworkNotOnHost', message);
  }
  const holder = facts.portIds.get(tap);
  if (holder === undefined || holder === id || change.absentPorts.includes(holder)) return null;
  const message = `The port ${id} cannot be plugged: port ${holder} has its tap '${tap}'.`;
  return new Fault('conflict', 'TapTaken', message);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
