/** What has to be done to a host's links for a change: pure, from what is wanted and what is there. */
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { DataplaneChange } from '../dataplane.ts';
import { wantedBridge, wantedServiceLink, wantedTap, type Facts, type TapFacts } from './facts.ts';
import { bridgeName, SERVICE_INNER, serviceNamespace } from './names.ts';

/** Who may open the taps beside root. */
export type TapOwner = { readonly uid: number; readonly gid: number };

/** One line of an `ip` batch, and the network or port whose failure it would be. */
export type Step = { readonly id: string; readonly line: string };

/** The id of the one step in which many links go: its failure is that of all that should be absent. */
export const REMOVAL = 'removal';

/** The kernel's number for the links that go together. Nothing else uses it. */
const REMOVAL_GROUP = 57_005;

export type Plan = {
  /** Ids of networks whose services must end before the links change. */
  readonly stopServices: readonly string[];
  readonly ip: readonly Step[];
  /** Lines for `bridge`, once the links are there. */
  readonly fdb: readonly Step[];
  /** Ids of networks whose link to their services changes, so that its other end must be set up. */
  readonly relinked: ReadonlySet<string>;
};

export function planChange(change: DataplaneChange, facts: Facts, tapOwner: TapOwner | null): Plan {
  const [ip, fdb]: [Step[], Step[]] = [[], []];
  const stopServices: string[] = [];
  const relinked = new Set<string>();
  ip.push(...planRemoval(change, facts));
  for (const id of change.absentNetworks) {
    stopServices.push(id);
    ip.push(...planNamespaceAbsent(id, facts));
  }
  for (const network of change.networks) {
    const { id } = network;
    ip.push(...planBridge(network, facts));
    const has = facts.serviceLinks.get(id);
    const wanted = wantedServiceLink(network);
    // One that leads to a namespace without a name, or that an older version has named, is made anew.
    const anew =
      has !== undefined && (has.name !== wanted.name || !facts.serviceNamespaces.has(id));
    const away = anew ? planServiceLinkAbsent(id, facts) : [];
    if (away.length > 0) stopServices.push(id);
    const link = planServiceLink(network, facts, anew);
    if (link.length > 0) relinked.add(id);
    ip.push(...away, ...link);
    fdb.push(...planPinning(id, wanted, anew ? undefined : has));
  }
  for (const port of change.ports) ip.push(...planTap(port, facts, tapOwner));
  for (const port of change.ports) {
    fdb.push(...planPinning(port.id, wantedTap(port), facts.taps.get(port.id)));
  }
  return { stopServices, ip, fdb, relinked };
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
    for (const link of [facts.serviceLinks.get(id), facts.bridges.get(id)]) {
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
    ...change.networks.map((network) => wantedServiceLink(network).name),
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
      // Frames for groups of bridges pass, as far as the kernel lets them: the rules say to whom.
      const how = 'type bridge stp_state 0 forward_delay 0 mcast_snooping 0 group_fwd_mask 65528';
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
  const moved = has?.master !== wanted.master;
  const slave: string[] = [];
  if (moved || has.flood !== wanted.flood) slave.push(`flood ${wanted.flood ? 'on' : 'off'}`);
  if (moved || has.groupForward !== wanted.groupForward) {
    slave.push(`group_fwd_mask ${wanted.groupForward}`);
  }
  if (slave.length > 0) {
    steps.push({ id, line: `link set dev ${name} type bridge_slave ${slave.join(' ')}` });
  }
  return steps;
}

/** What a tap and the link to services have in common: a place on a bridge, and an address that is there. */
type Pinned = Pick<TapFacts, 'name' | 'master' | 'pinnedMac'>;

/**
 * Tells the bridge where an address is. So frames for it never go to others, before it has said a word and
 * whoever else says that the address is theirs.
 */
function planPinning(id: string, wanted: Pinned, has: Pinned | undefined): readonly Step[] {
  const was = has?.master === wanted.master ? has.pinnedMac : null;
  if (was === wanted.pinnedMac) return [];
  const line = (verb: string, mac: string) => ({
    id,
    line: `fdb ${verb} ${mac} dev ${wanted.name} master${verb === 'del' ? '' : ' static sticky'}`,
  });
  return [
    ...(was === null ? [] : [line('del', was)]),
    ...(wanted.pinnedMac === null ? [] : [line('replace', wanted.pinnedMac)]),
  ];
}

/** Makes the services' namespace and link. `anew`: whatever was there has been planned away. */
function planServiceLink(network: NetworkSpec, facts: Facts, anew: boolean): readonly Step[] {
  const { id } = network;
  const wanted = wantedServiceLink(network);
  const { name } = wanted;
  const namespace = serviceNamespace(id);
  const has = anew ? undefined : facts.serviceLinks.get(id);
  const lines: string[] = [];
  const settings: string[] = [];
  if (anew || !facts.serviceNamespaces.has(id)) lines.push(`netns add ${namespace}`);
  if (has === undefined) {
    if (facts.strays.has(name)) lines.push(`link del dev ${name}`);
    const peer = `${SERVICE_INNER} address ${String(wanted.pinnedMac)} netns ${namespace}`;
    lines.push(`link add dev ${name} type veth peer name ${peer}`);
    settings.push(`alias ${id}`);
  }
  if (has?.mtu !== wanted.mtu) settings.push(`mtu ${wanted.mtu}`);
  if (has?.master !== wanted.master) settings.push(`master ${String(wanted.master)}`);
  if (has?.up !== true) settings.push('up');
  if (settings.length > 0) lines.push(`link set dev ${name} ${settings.join(' ')}`);
  // The bridge knows where its one address is: what is for others nobody there need hear.
  if (has?.master !== wanted.master) lines.push(`link set dev ${name} type bridge_slave flood off`);
  return lines.map((line) => ({ id, line }));
}

function planServiceLinkAbsent(id: string, facts: Facts): readonly Step[] {
  const link = facts.serviceLinks.get(id);
  const steps = link === undefined ? [] : [{ id, line: `link del dev ${link.name}` }];
  return [...steps, ...planNamespaceAbsent(id, facts)];
}

function planNamespaceAbsent(id: string, facts: Facts): readonly Step[] {
  return facts.serviceNamespaces.has(id) ? [{ id, line: `netns del ${serviceNamespace(id)}` }] : [];
}
