/** What a check of the data plane has at hand: a plane of its own, networks, ports, and the kernel to ask. */
import { DEFAULT_STORM_CONTROL, pinnedTo, type PortFirewall } from '#base/host/firewall.ts';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tapName, type DhcpSpec, type NetworkSpec, type PortSpec } from '#base/host/links.ts';
import { silentLog } from '#platform/log.ts';
import { NO_CHANGE, type DataplaneChange } from '../../src/drivers/dataplane/dataplane.ts';
import type { Commands } from '../../src/drivers/dataplane/linux/kernel.ts';
import { LinuxDataplane } from '../../src/drivers/dataplane/linux/linux-dataplane.ts';
import { attempt, run } from '../../src/drivers/run.ts';
import { until } from './check.ts';
import { TEXT_ETHERTYPE } from './wires.ts';

export type DataplaneWorld = {
  readonly stateDir: string;
  /** The user that guests run as; null where there is only one user. */
  readonly guestUid: number | null;
  readonly signal: AbortSignal;
};

export type Plane = AsyncDisposable & {
  readonly dataplane: LinuxDataplane;
  /** Commands that were run since the last time this was called. */
  readonly commands: () => readonly string[];
  /** Applies and expects no failure. */
  readonly apply: (change: Partial<DataplaneChange>) => Promise<void>;
};

/** A data plane on the kernel, which closes (and leaves all links as they are) when the scope ends. */
export function openPlane(
  world: DataplaneWorld,
  watchMs = 60_000,
  commands: Commands = { run, attempt },
): Plane {
  let ran: string[] = [];
  const dataplane = new LinuxDataplane({
    stateDir: world.stateDir,
    tapOwner: world.guestUid === null ? null : { uid: world.guestUid, gid: world.guestUid },
    log: silentLog(),
    watchMs,
    stormMs: watchMs,
    commands: {
      run: async (command, args, options) => {
        ran.push([command, ...args].join(' '));
        return await commands.run(command, args, options);
      },
      attempt: async (command, args, options) => {
        ran.push([command, ...args].join(' '));
        return await commands.attempt(command, args, options);
      },
    },
  });
  return {
    dataplane,
    commands: () => {
      const all = ran;
      ran = [];
      return all;
    },
    apply: async (change) => {
      const failures = await dataplane.apply(changeOf(change), world);
      for (const error of failures.values()) throw error;
    },
    [Symbol.asyncDispose]: async () => await dataplane.close(),
  };
}

export function changeOf(change: Partial<DataplaneChange>): DataplaneChange {
  return { ...NO_CHANGE, ...change };
}

/** Plugs and unplugs for ever, and says a character for each command that it begins. */
export async function churn(world: DataplaneWorld): Promise<never> {
  const plane = new LinuxDataplane({
    stateDir: world.stateDir,
    tapOwner: world.guestUid === null ? null : { uid: world.guestUid, gid: world.guestUid },
    log: silentLog(),
    commands: {
      run: async (command, args, options) => {
        process.stdout.write('.');
        return await run(command, args, options);
      },
      attempt: async (command, args, options) => {
        process.stdout.write('.');
        return await attempt(command, args, options);
      },
    },
  });
  for (;;) {
    const network = networkOf({ dhcp: dhcpOf() });
    const ports = Array.from({ length: 20 }, () => portOf(network));
    await plane.apply(changeOf({ networks: [network], ports }), world);
    const absentPorts = ports.map((port) => port.id);
    await plane.apply(changeOf({ absentNetworks: [network.id], absentPorts }), world);
  }
}

/** Takes everything away that is there, and expects that nothing is left. */
export async function clear(world: DataplaneWorld): Promise<void> {
  await using plane = openPlane(world);
  const state = await plane.dataplane.observe(world);
  const absentPorts = state.ports.map((port) => port.id);
  await plane.apply({
    absentNetworks: state.networks,
    absentPorts,
    absentRouters: state.routers,
  });
  assert.deepEqual(await linkNames(world), ['lo']);
  assert.deepEqual(await ruledTaps(world), []);
  await expectNoDhcp(world);
}

export async function linkNames(world: DataplaneWorld): Promise<readonly string[]> {
  const links = JSON.parse(await run('ip', ['-json', 'link'], world)) as { ifname: string }[];
  return links.map((link) => link.ifname).toSorted();
}

/** The kernel tells a bridge of a carrier in its own time: waits until frames from all taps are taken. */
export async function untilForwarding(
  world: DataplaneWorld,
  ports: readonly { readonly tap: string }[],
): Promise<void> {
  type Link = {
    readonly ifname: string;
    readonly linkinfo?: { readonly info_slave_data?: { readonly state?: string } };
  };
  await until('the bridge forwards for all taps', async () => {
    const text = await run('ip', ['-details', '-json', 'link'], world);
    const forwarding = new Set(
      (JSON.parse(text) as Link[])
        .filter((link) => link.linkinfo?.info_slave_data?.state === 'forwarding')
        .map((link) => link.ifname),
    );
    return ports.every((port) => forwarding.has(port.tap));
  });
}

/** Taps that the rules name, but for what packets have put there and what ends by itself. */
export async function ruledTaps(world: DataplaneWorld): Promise<readonly string[]> {
  const text = await run('nft', ['list', 'ruleset'], world);
  const sets = text.split(/^\t(?=(?:set|map) )/m).slice(1);
  const lasting = sets.filter((set) => !/^\t\tflags dynamic,timeout/m.test(set));
  const names = lasting.flatMap((set) => [...set.matchAll(/"(tap[^"*]+)"/g)]);
  return [...new Set(names.map(([, name = '']) => name))].toSorted();
}

/** Lets the frames of `textFrame` pass, from these MACs. */
export function textsFrom(...macs: readonly string[]): PortFirewall {
  return pinnedTo(macs, { ethertypes: [TEXT_ETHERTYPE] });
}

export function networkOf(fields: Partial<NetworkSpec> = {}): NetworkSpec {
  return { id: randomUUID(), mtu: 1450, adminStateUp: true, dhcp: null, uplink: null, ...fields };
}

export function portOf(network: NetworkSpec, fields: Partial<PortSpec> = {}): PortSpec {
  const id = randomUUID();
  const mac = fields.mac ?? newMac();
  return {
    id,
    networkId: network.id,
    tap: tapName(id),
    mac,
    mtu: network.mtu,
    adminStateUp: true,
    firewall: textsFrom(mac),
    storm: DEFAULT_STORM_CONTROL,
    ...fields,
  };
}

export function newMac(): string {
  const bytes = Array.from({ length: 3 }, () => Math.floor(Math.random() * 256));
  return ['fa:16:3e', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** DHCP for 10.7.0.0/24, served from 10.7.0.2, with a gateway at 10.7.0.1. */
export function dhcpOf(fields: Partial<DhcpSpec> = {}): DhcpSpec {
  const subnet = {
    id: randomUUID(),
    cidr: '10.7.0.0/24',
    ipVersion: 4 as const,
    ipv6Mode: null,
    gateway: '10.7.0.1',
    dnsNameservers: [],
    hostRoutes: [],
  };
  return {
    portId: randomUUID(),
    mac: newMac(),
    addresses: ['10.7.0.2/24'],
    subnets: [subnet],
    hosts: [],
    domain: 'openstacklocal',
    ...fields,
  };
}

export function hostOf(port: PortSpec, dhcp: DhcpSpec, ip: string): DhcpSpec['hosts'][number] {
  const hostname = `host-${ip.replaceAll('.', '-')}`;
  const subnetId = dhcp.subnets[0]?.id ?? '';
  return { portId: port.id, mac: port.mac, ip, subnetId, hostname, options: [] };
}

/** Every dnsmasq that was started from this yard's state directory. */
export async function serverPids(world: DataplaneWorld): Promise<readonly number[]> {
  const home = join(world.stateDir, 'dhcp');
  // Processes of others tell nothing of their files: that is no match, even when our folder is not there either.
  const script = `here=$(stat -c %d:%i $0 2>/dev/null) || exit 0
  for d in /proc/[0-9]*; do
    grep -aq '^dnsmasq' $d/cmdline 2>/dev/null || continue
    [ "$(stat -Lc %d:%i $d/root$0 2>/dev/null)" = "$here" ] && echo "\${d#/proc/}"
  done; :`;
  const found = await run('sh', ['-c', script, home], world);
  return found.split('\n').filter(Boolean).map(Number);
}

export async function expectNoDhcp(world: DataplaneWorld): Promise<void> {
  assert.deepEqual(await serverPids(world), []);
  assert.equal(await run('ip', ['netns', 'list'], world), '');
  assert.doesNotMatch(await run('ip', ['-brief', 'link'], world), /^dhcp/m);
  const files = join(world.stateDir, 'dhcp');
  assert.deepEqual(existsSync(files) ? readdirSync(files) : [], []);
}
