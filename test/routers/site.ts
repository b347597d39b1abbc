/** Two networks with guests, an external one with somebody outside, and routers between them: on the real kernel. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  pinnedTo,
  type PortFirewall,
  type SecurityGroupSpec,
  type SecurityRuleSpec,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type {
  FloatingIpSpec,
  PortForwardingSpec,
  RouterGatewaySpec,
  RouterInterfaceSpec,
  RouterSpec,
} from '#base/host/routers.ts';
import type { DataplaneChange } from '#drivers/dataplane/dataplane.ts';
import { bridgeName } from '#drivers/dataplane/linux/names.ts';
import { run } from '#drivers/run.ts';
import { until } from '../dataplane/check.ts';
import {
  networkOf,
  newMac,
  openPlane,
  portOf,
  type DataplaneWorld,
  type Plane,
} from '../dataplane/world.ts';
import { Guest } from '../storm/guests.ts';

const TALK = join(import.meta.dirname, 'talk.ts');
/** How often a second agent looks for what has died. */
const WATCH_MS = 100;
/** Everybody answers here, over TCP and UDP. */
export const PORT = 7070;
/** Somebody outside, and where the way out would be. */
export const OUTSIDE = '203.0.113.100';
export const WAY_OUT = '203.0.113.1';

export type Person = {
  readonly guest: Guest;
  readonly port: PortSpec;
  readonly address: string;
};

/** Answers that come for as long as a flow lasts. */
export type Held = {
  /** What the other side has said the flow is seen as, so far. */
  readonly answers: readonly string[];
  /** Waits for answers that were asked for from now on. */
  readonly goesOn: () => Promise<void>;
  /** Waits until no more come. */
  readonly ends: () => Promise<void>;
};

export class Site implements AsyncDisposable {
  readonly world: DataplaneWorld;
  plane: Plane;
  readonly outer: NetworkSpec = networkOf({ mtu: 1500 });
  readonly red: NetworkSpec = networkOf();
  readonly blue: NetworkSpec = networkOf();
  readonly group: SecurityGroupSpec = allowing();
  readonly #stack = new AsyncDisposableStack();
  readonly #routers = new Set<string>();
  readonly #groups = new Set<string>();
  readonly #ports: PortSpec[] = [];

  private constructor(world: DataplaneWorld) {
    this.world = world;
    this.plane = openPlane(world);
  }

  static async make(world: DataplaneWorld): Promise<Site> {
    const site = new Site(world);
    await site.change({
      networks: site.#networks(),
      groups: [site.group],
    });
    return site;
  }

  /** Another agent comes and is told what is wanted, with these routers; what the one before did it finds as it was. */
  async restart(...routers: readonly RouterSpec[]): Promise<void> {
    await this.plane[Symbol.asyncDispose]();
    this.plane = openPlane(this.world, WATCH_MS);
    await this.plane.dataplane.observe(this.world);
    this.plane.commands();
    await this.plane.apply({ networks: this.#networks(), groups: [this.group], routers });
  }

  #networks(): readonly NetworkSpec[] {
    return [this.outer, this.red, this.blue];
  }

  /** A guest behind a strict port, in the group that lets all pass or in another. */
  async guest(
    network: NetworkSpec,
    address: string,
    fields: Partial<PortFirewall> & { readonly gateway?: string | null } = {},
  ): Promise<Person> {
    const { gateway = gatewayOf(address), ...rest } = fields;
    const mac = newMac();
    const pairs = [{ mac, cidr: `${address}/32` }];
    const firewall = pinnedTo([mac], { mode: 'strict', pairs, groups: [this.group.id], ...rest });
    return await this.#person(portOf(network, { mac, firewall }), network, { address, gateway });
  }

  /** Somebody whose port has no security, such as a machine on the external network. */
  async stranger(
    network: NetworkSpec = this.outer,
    address: string = OUTSIDE,
    gateway: string | null = null,
  ): Promise<Person> {
    return await this.#person(portOf(network, { firewall: null }), network, { address, gateway });
  }

  /** Somebody beside all ports, whom neither the firewall nor another agent has anything to do with. */
  async bystander(network: NetworkSpec, address: string): Promise<Person> {
    const name = `b${address}`;
    const place = { home: null, bridge: bridgeName(network.id) };
    const guest = this.#stack.use(await Guest.onBridge(this.world, name, `${address}/24`, place));
    this.#stack.defer(async () => {
      await run('ip', ['link', 'del', name], { signal: AbortSignal.timeout(10_000) });
    });
    await guest.exec('ip', 'route', 'add', 'default', 'via', gatewayOf(address));
    return { guest, port: portOf(network), address };
  }

  async #person(
    port: PortSpec,
    network: NetworkSpec,
    { address, gateway }: { readonly address: string; readonly gateway: string | null },
  ): Promise<Person> {
    await this.plane.apply({ ports: [port] });
    this.#ports.push(port);
    const card = { port, address: `${address}/24` };
    const name = `guest-${port.id.slice(0, 8)}`;
    const guest = this.#stack.use(await Guest.make(this.world, name, network, [card]));
    if (gateway !== null) await guest.exec('ip', 'route', 'add', 'default', 'via', gateway);
    return { guest, port, address };
  }

  async route(...routers: readonly RouterSpec[]): Promise<void> {
    await this.change({ routers });
  }

  /** Routers and groups that it brings go with the site. */
  async change(change: Partial<DataplaneChange>): Promise<void> {
    for (const router of change.routers ?? []) this.#routers.add(router.id);
    for (const group of change.groups ?? []) this.#groups.add(group.id);
    await this.plane.apply(change);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const absentPorts = this.#ports.map((port) => port.id);
    const absentNetworks = this.#networks().map((network) => network.id);
    const gone = { absentRouters: [...this.#routers], absentPorts, absentNetworks };
    // Whoever still speaks would be counted once more while its port goes.
    await this.#stack.disposeAsync();
    await this.plane.apply({ ...gone, absentGroups: [...this.#groups] });
    await this.plane[Symbol.asyncDispose]();
  }
}

function gatewayOf(address: string): string {
  return address.replace(/\d+$/, '1');
}

export function routerOf(fields: Partial<RouterSpec> = {}): RouterSpec {
  return {
    id: randomUUID(),
    adminStateUp: true,
    interfaces: [],
    gateway: null,
    routes: [],
    floatingIps: [],
    forwardings: [],
    ...fields,
  };
}

export function interfaceOf(
  network: NetworkSpec,
  address: string,
  fields: Partial<RouterInterfaceSpec> = {},
): RouterInterfaceSpec {
  return { ...linkOf(network), addresses: [address], advertised: [], ...fields };
}

export function uplinkOf(
  network: NetworkSpec,
  address: string,
  fields: Partial<RouterGatewaySpec> = {},
): RouterGatewaySpec {
  return { ...linkOf(network), addresses: [address], nexthops: [WAY_OUT], snat: true, ...fields };
}

function linkOf({ id: networkId, mtu }: NetworkSpec) {
  return { portId: randomUUID(), networkId, mac: newMac(), mtu, adminStateUp: true };
}

export function floatingIp(floating: string, fixed: string): FloatingIpSpec {
  return { id: randomUUID(), floatingIp: floating, fixedIp: fixed };
}

export function forwarding(
  floating: string,
  internal: string,
  fields: Partial<PortForwardingSpec>,
): PortForwardingSpec {
  return {
    id: randomUUID(),
    floatingIp: floating,
    protocol: 'tcp',
    externalPorts: null,
    internalIp: internal,
    internalPorts: null,
    ...fields,
  };
}

/** A group that lets everything pass, or in what these rules say. */
export function allowing(...ingress: readonly Partial<SecurityRuleSpec>[]): SecurityGroupSpec {
  const rules: SecurityRuleSpec[] = [];
  for (const version of [4, 6] as const) {
    const any = { version, protocol: null, ports: null, remote: { kind: 'any' } } as const;
    rules.push({ ...any, id: randomUUID(), direction: 'egress' });
    const letIn = ingress.length === 0 ? [{}] : ingress;
    for (const rule of letIn) {
      const whole = { ...any, id: randomUUID(), direction: 'ingress' as const, ...rule };
      const isFit =
        whole.remote.kind !== 'cidr' ||
        isIPv6(whole.remote.cidr.split('/')[0] ?? '') === (version === 6);
      if (isFit) rules.push(whole);
    }
  }
  return { id: randomUUID(), stateful: true, rules };
}

/** Has a guest answer on these ports. */
export async function serve({ guest }: Person, ...ports: readonly number[]): Promise<void> {
  const words = (ports.length === 0 ? [PORT] : ports).map(String);
  const { stdout } = guest.start(process.execPath, TALK, 'serve', ...words);
  if (stdout === null) throw new Error('the guest says nothing');
  await once(createInterface(stdout), 'line');
}

/** How a guest is seen by whom it asks; null when it gets no answer. */
export async function ask(
  { guest }: Person,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number = PORT,
  seconds = 3,
): Promise<string | null> {
  // In one piece: what is left of a datagram that was read in part is lost.
  const script = `exec 3<>/dev/${protocol}/$0/$1 || exit 0
  until [ -n "$answer" ]; do
    echo '?' >&3
    answer=$(timeout 0.5 dd bs=512 count=1 <&3)
  done
  echo "$answer"`;
  const words = ['timeout', String(seconds), 'bash', '-c', script, address, String(port)];
  const said = await guest.exec('sh', '-c', '"$@" 2>/dev/null; :', 'sh', ...words);
  return said.trim() || null;
}

/** Whether nobody answers. */
export async function isRefused(
  person: Person,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number = PORT,
): Promise<boolean> {
  return (await ask(person, protocol, address, port, REFUSED_SECONDS)) === null;
}

const REFUSED_SECONDS = 0.7;

/** Whether pings are answered. */
export async function pings({ guest }: Person, address: string, tries = 3): Promise<boolean> {
  const script = `for try in $(seq $1); do busybox ping -c 1 -W 1 "$0" >/dev/null 2>&1 && echo yes && break; done; :`;
  return (await guest.exec('sh', '-c', script, address, String(tries))) !== '';
}

/** Begins a flow that lasts as long as it is answered. */
export async function hold(
  { guest }: Person,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number = PORT,
): Promise<Held> {
  const { stdout } = guest.start(process.execPath, TALK, 'hold', protocol, address, String(port));
  if (stdout === null) throw new Error('the guest says nothing');
  const answers: string[] = [];
  createInterface(stdout).on('line', (line) => answers.push(line));
  const goesOn = async () => {
    // Some were on their way already.
    const from = answers.length + 10;
    await until(`answers from ${address} go on`, () => answers.length > from);
  };
  const ends = async () => {
    await until(`answers from ${address} end`, async () => {
      const before = answers.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      return answers.length === before;
    });
  };
  await goesOn();
  return { answers, goesOn, ends };
}

/** Twenty questions that nobody answers. */
const QUIET_MS = 200;

/** Commands in a router's namespace. */
export async function inRouter(
  world: DataplaneWorld,
  router: RouterSpec,
  ...command: readonly string[]
): Promise<string> {
  return await run('ip', ['netns', 'exec', `qrouter-${router.id}`, ...command], world);
}

export async function expectNoRouter(world: DataplaneWorld): Promise<void> {
  assert.doesNotMatch(await run('ip', ['netns', 'list'], world), /qrouter/);
  assert.doesNotMatch(await run('ip', ['-brief', 'link'], world), /^rtr/m);
}
