/** What makes a network valid. Pure: facts come in as arguments, nothing is looked up here. */
import { invalidInput, networkMtuSubnetConflict } from '../network.faults.ts';
import type { NetworkCreate } from './network.schema.ts';

/** The least that a link must carry: RFC 791 and RFC 8200. */
const MIN_MTU = { 4: 68, 6: 1280 } as const;

/** 0 and nothing both mean the usual MTU. */
export function mtuOf(
  wanted: number | undefined,
  { defaultMtu, maxMtu }: { defaultMtu: number; maxMtu: number },
): number {
  if (wanted === undefined || wanted === 0) return defaultMtu;
  if (wanted > maxMtu) throw invalidInput(`Requested MTU is too big, maximum is ${maxMtu}`);
  return wanted;
}

/** A network may not become too narrow for the subnets that it has. */
export function checkMtuChange(
  networkId: string,
  mtu: number,
  ipVersions: readonly (4 | 6)[],
): void {
  if (ipVersions.length === 0) return;
  if (mtu < MIN_MTU[4]) throw networkMtuSubnetConflict(networkId, MIN_MTU[4]);
  if (ipVersions.includes(6) && mtu < MIN_MTU[6]) {
    throw networkMtuSubnetConflict(networkId, MIN_MTU[6]);
  }
}

/** How a network would be told apart from others between hosts. */
export type Segment = {
  readonly type: 'local' | 'flat' | 'vlan' | 'vxlan' | 'geneve' | 'gre';
  readonly physicalNetwork: string | null;
  /** Null when the type has none. `any`: still to be chosen. */
  readonly id: number | null | 'any';
};

const TUNNELS = ['vxlan', 'geneve', 'gre'] as const;
const MAX_VLAN = 4094;
const MAX_TUNNEL = 16_777_215;

/** Reads and checks the `provider:*` attributes. Without any, a network is a tunnel with a number of its own. */
export function planSegment(
  wanted: Pick<
    NetworkCreate,
    'provider:network_type' | 'provider:physical_network' | 'provider:segmentation_id'
  >,
  physicalNetworks: readonly string[],
): Segment {
  const type = wanted['provider:network_type'];
  const physicalNetwork = wanted['provider:physical_network'] ?? null;
  const id = wanted['provider:segmentation_id'] ?? null;
  if (type === undefined) {
    if (physicalNetwork !== null || id !== null) {
      throw invalidInput('network_type required');
    }
    return { type: 'vxlan', physicalNetwork: null, id: 'any' };
  }
  switch (type) {
    case 'local':
      if (physicalNetwork !== null) {
        throw invalidInput('physical_network prohibited for local provider network');
      }
      if (id !== null) throw invalidInput('segmentation_id prohibited for local provider network');
      return { type, physicalNetwork: null, id: null };
    case 'flat':
      if (physicalNetwork === null) {
        throw invalidInput('physical_network required for flat provider network');
      }
      if (!physicalNetworks.includes(physicalNetwork)) {
        throw invalidInput(
          `physical_network '${physicalNetwork}' unknown for flat provider network`,
        );
      }
      if (id !== null) throw invalidInput('segmentation_id prohibited for flat provider network');
      return { type, physicalNetwork, id: null };
    case 'vlan':
      return planVlan(physicalNetwork, id, physicalNetworks);
    case 'vxlan':
    case 'geneve':
    case 'gre':
      if (physicalNetwork !== null) {
        throw invalidInput(`provider:physical_network specified for ${type} network`);
      }
      if (id !== null && (id < 1 || id > MAX_TUNNEL)) {
        throw invalidInput(`segmentation_id out of range (1 through ${MAX_TUNNEL})`);
      }
      return { type, physicalNetwork: null, id: id ?? 'any' };
    default:
      throw invalidInput(`network_type value '${type}' not supported`);
  }
}

function planVlan(
  physicalNetwork: string | null,
  id: number | null,
  physicalNetworks: readonly string[],
): Segment {
  if (physicalNetwork === null) {
    if (id !== null) {
      throw invalidInput('segmentation_id requires physical_network for VLAN provider network');
    }
    return { type: 'vlan', physicalNetwork: physicalNetworks[0] ?? null, id: 'any' };
  }
  if (!physicalNetworks.includes(physicalNetwork)) {
    throw invalidInput(`physical_network '${physicalNetwork}' unknown for VLAN provider network`);
  }
  if (id !== null && (id < 1 || id > MAX_VLAN)) {
    throw invalidInput(`segmentation_id out of range (1 through ${MAX_VLAN})`);
  }
  return { type: 'vlan', physicalNetwork, id: id ?? 'any' };
}

/** The numbers that a segment of this type may have. */
export function segmentRange(type: Segment['type']): {
  readonly first: number;
  readonly last: number;
} {
  return (TUNNELS as readonly string[]).includes(type)
    ? { first: 1, last: 65_536 }
    : { first: 1, last: MAX_VLAN };
}
