/** What has to be done to a host's links for a change: pure, from what is wanted and what is there. */
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { DataplaneChange } from '../dataplane.ts';
import { wantedBridge, wantedDhcpLink, wantedTap, type Facts } from './facts.ts';
import { bridgeName, dhcpInnerName, dhcpNamespace } from './names.ts';
import { planRules, type TapRule } from './rules.ts';

/** Who may open the taps beside root. */
export type TapOwner = { readonly uid: number; readonly gid: number };

/** One line of an `ip` batch, and the network or port whose failure it would be. */
export type Step = { readonly id: string; readonly line: string };

/** The id of the one step in which many links go: its failure is that of all that should be absent. */
export const REMOVAL = 'removal';

/** The kernel's number for the links that go together. Nothing else uses it. */
const REMOVAL_GROUP = 57_005;

export type Plan = {
  /** Ids of networks whose DHCP server must end before the links change. */
  readonly stopDhcp: readonly string[];
  /** In force before any link changes. */
  readonly nft: string;
  readonly ip: readonly Step[];
  /** Ids of networks whose link to their DHCP server changes, so that its other end must be set up. */
  readonly relinkDhcp: ReadonlySet<string>;
};

export function planChange(change: DataplaneChange, facts: Facts, tapOwner: TapOwner | null): Plan {
  const ip: Step[] = [];
  const stopDhcp: string[] = [];
  const relinkDhcp = new Set<string>();
  ip.push(...planRemoval(change, facts));
  for (const id of change.absentNetworks) {
    stopDhcp.push(id);
    ip.push(...planNamespaceAbsent(id, facts));
  }
  for (const network of change.networks) {
    const { id } = network;
    ip.push(...planBridge(network, facts));
    const has = facts.dhcpLinks.get(id);
    const wanted = wantedDhcpLink(network);
    // A link of another port, or one that leads to a namespace without a name, is made anew.
    const fits = has === undefined || (has.name === wanted?.name && facts.dhcpNamespaces.has(id));
    const gone = wanted === null || !fits;
    const away = gone ? planDhcpLinkAbsent(id, facts) : [];
    if (away.length > 0) stopDhcp.push(id);
    const link = planDhcpLink(network, facts, gone);
    if (link.length > 0) relinkDhcp.add(id);
    ip.push(...away, ...link);
  }
  for (const port of change.ports) ip.push(...planTap(port, facts, tapOwner));
  const { wanted, absentTaps } = tapRules(change, facts);
  return { stopDhcp, nft: planRules(wanted, absentTaps, facts.rules), ip, relinkDhcp };
}

/** What the change means for the rules on source MACs. */
export function tapRules(
  change: Pick<DataplaneChange, 'ports' | 'absentPorts'>,
  facts: Facts,
): { readonly wanted: readonly TapRule[]; readonly absentTaps: readonly string[] } {
  const wanted = change.ports.map((port) => ({ tap: port.tap, macs: port.firewall?.macs ?? null }));
  const kept = new Set(wanted.map((rule) => rule.tap));
  const absent = new Set<string>();
  for (const id of change.absentPorts) {
    const tap = facts.taps.get(id);
    if (tap !== undefined) absent.add(tap.name);
  }
  for (const name of facts.orphanRules) absent.add(name);
  return { wanted, absentTaps: [...absent].filter((tap) => !kept.has(tap)) };
}

/**
 * Takes away the links of what should be absent. Together they go in one step: the kernel waits for
 * all processors to let go of a link, 15 ms each, or 15 ms for all.
 */
function planRemoval(change: DataplaneChange, facts: Facts): readonly Step[] {
  const links = planStrays(change, facts).map((name) => ({ id: name, name }));
  for (const id of change.absentPorts) {
    const tap = facts.taps.get(id);
    if (tap !== undefined) links.push({ id, name: tap.name });
  }
  for (const id of change.absentNetworks) {
    for (const link of [facts.dhcpLinks.get(id), facts.bridges.get(id)]) {
      if (link !== undefined) links.push({ id, name: link.name });
    }
  }
  if (links.length <= 1) return links.map(({ id, name }) => ({ id, line: `link del dev ${name}` }));
  return [
    ...links.map(({ id, name }) => ({ id, line: `link set dev ${name} group ${REMOVAL_GROUP}` })),
    { id: REMOVAL, line: `link del group ${REMOVAL_GROUP}` },
  ];
}

/** Half-made links that this change does not name: nobody will ever ask for them again. */
function planStrays(change: DataplaneChange, facts: Facts): readonly string[] {
  if (facts.strays.size === 0) return [];
  const wanted = new Set([
    ...change.ports.map((port) => port.tap),
    ...change.networks.map((network) => bridgeName(network.id)),
    ...change.networks.map((network) => wantedDhcpLink(network)?.name ?? ''),
  ]);
  return [...facts.strays].filter((name) => !wanted.has(name));
}

function planBridge(network: NetworkSpec, facts: Facts): readonly Step[] {
  const { id } = network;
  const wanted = wantedBridge(network);
  const { name } = wanted;
  const has = facts.bridges.get(id);
  const steps: Step[] = [];
  const settings: string[] = [];
  if (has === undefined) {
    if (!facts.strays.has(name)) {
      // Multicast is flooded: there is no querier on tenants' networks, so snooping would lose it.
      const how = 'type bridge stp_state 0 forward_delay 0 mcast_snooping 0';
      steps.push({ id, line: `link add name ${name} ${how}` });
    }
    settings.push(`alias ${id}`);
  }
  if (has?.mtu !== wanted.mtu) settings.push(`mtu ${wanted.mtu}`);
  if (has?.up !== wanted.up) settings.push(wanted.up ? 'up' : 'down');
  if (settings.length > 0) steps.push({ id, line: `link set dev ${name} ${settings.join(' ')}` });
  return steps;
}

function planTap(port: PortSpec, facts: Facts, owner: TapOwner | null): readonly Step[] {
  const { id } = port;
  const wanted = wantedTap(port);
  const { name } = wanted;
  const has = facts.taps.get(id);
  const steps: Step[] = [];
  const settings: string[] = [];
  if (has === undefined) {
    if (!facts.strays.has(name)) {
      const who = owner === null ? '' : ` user ${owner.uid} group ${owner.gid}`;
      steps.push({ id, line: `tuntap add dev ${name} mode tap${who}` });
    }
    settings.push(`alias ${id}`);
  }
  if (has?.mtu !== wanted.mtu) settings.push(`mtu ${wanted.mtu}`);
  if (has?.master !== wanted.master) settings.push(`master ${String(wanted.master)}`);
  if (has?.up !== wanted.up) settings.push(wanted.up ? 'up' : 'down');
  if (settings.length > 0) steps.push({ id, line: `link set dev ${name} ${settings.join(' ')}` });
  return steps;
}

/** Makes the DHCP server's namespace and link. `anew`: whatever was there has been planned away. */
function planDhcpLink(network: NetworkSpec, facts: Facts, anew: boolean): readonly Step[] {
  const { id, dhcp } = network;
  const wanted = wantedDhcpLink(network);
  if (dhcp === null || wanted === null) return [];
  const { name } = wanted;
  const namespace = dhcpNamespace(id);
  const has = anew ? undefined : facts.dhcpLinks.get(id);
  const lines: string[] = [];
  const settings: string[] = [];
  if (anew || !facts.dhcpNamespaces.has(id)) lines.push(`netns add ${namespace}`);
  if (has === undefined) {
    if (facts.strays.has(name)) lines.push(`link del dev ${name}`);
    const peer = `${dhcpInnerName(dhcp.portId)} address ${dhcp.mac} netns ${namespace}`;
    lines.push(`link add dev ${name} type veth peer name ${peer}`);
    settings.push(`alias ${id}`);
  }
  if (has?.mtu !== wanted.mtu) settings.push(`mtu ${wanted.mtu}`);
  if (has?.master !== wanted.master) settings.push(`master ${String(wanted.master)}`);
  if (has?.up !== true) settings.push('up');
  if (settings.length > 0) lines.push(`link set dev ${name} ${settings.join(' ')}`);
  return lines.map((line) => ({ id, line }));
}

function planDhcpLinkAbsent(id: string, facts: Facts): readonly Step[] {
  const link = facts.dhcpLinks.get(id);
  const steps = link === undefined ? [] : [{ id, line: `link del dev ${link.name}` }];
  return [...steps, ...planNamespaceAbsent(id, facts)];
}

function planNamespaceAbsent(id: string, facts: Facts): readonly Step[] {
  return facts.dhcpNamespaces.has(id) ? [{ id, line: `netns del ${dhcpNamespace(id)}` }] : [];
}
