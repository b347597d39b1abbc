/** Looks up the networks and ports that a request names, and refuses them in Nova's order. */
import { MAX_NICS } from '#base/host/domain.ts';
import { canonicalIp } from '#base/net/ip.ts';
import type { Context } from '#platform/context.ts';
import type { NetworkApi } from '#network/network-api.ts';
import { portLimitExceeded, portsOverLimit } from '../compute.faults.ts';
import type { NetworksRequest, NicRequest } from './server-create.rules.ts';
import type { NicPlan } from './server-create-parts.ts';
import * as faults from './server-network.faults.ts';

/** A card as every server of the request gets it; a port that is made has no id yet. */
export type NicTemplate = Omit<NicPlan, 'portId'> & { readonly portId: string | null };

export type CheckedNetworks = {
  readonly nics: readonly NicTemplate[];
  /** At most this many servers can have their ports. */
  readonly maxCount: number;
  /** Some port brings a resource request. */
  readonly withResources: boolean;
};

export type Counts = { readonly min: number; readonly max: number };

/** Rows 10 to 18 of the order of checks; and what row 19 has to know. */
export async function checkNetworks(
  network: NetworkApi,
  ctx: Context,
  requested: NetworksRequest,
  counts: Counts,
): Promise<CheckedNetworks> {
  if (requested === 'none') return { nics: [], maxCount: counts.max, withResources: false };
  const { nics, withResources } =
    typeof requested === 'string'
      ? { nics: await onlyNetwork(network, ctx, requested), withResources: false }
      : await namedNetworks(network, ctx, requested);
  // A guest's slots are all there from the start, and more cards than slots could never be plugged.
  if (nics.length > MAX_NICS) throw faults.tooManyCards(nics.length, MAX_NICS);
  const made = nics.filter(({ given }) => !given).length;
  return { nics, withResources, maxCount: await checkPortQuota(network, ctx, made, counts) };
}

async function onlyNetwork(
  network: NetworkApi,
  ctx: Context,
  requested: 'any' | 'auto',
): Promise<readonly NicTemplate[]> {
  const found = await network.availableNetworks(ctx);
  if (found.length > 1) throw faults.networkAmbiguous();
  const [only] = found;
  if (only) return [{ portId: null, given: false, networkId: only.id, fixedIp: null, tag: null }];
  if (requested === 'auto') throw faults.cannotAutoAllocate(ctx.projectId);
  return [];
}

async function namedNetworks(
  network: NetworkApi,
  ctx: Context,
  requested: readonly NicRequest[],
): Promise<Pick<CheckedNetworks, 'nics' | 'withResources'>> {
  const nics: NicTemplate[] = [];
  let withResources = false;
  for (const nic of requested) {
    if (nic.kind === 'port') {
      const port = await checkPort(network, ctx, nic.portId);
      withResources ||= port.hasResourceRequest;
      nics.push({
        portId: nic.portId,
        given: true,
        networkId: port.networkId,
        fixedIp: null,
        tag: nic.tag,
      });
      continue;
    }
    if (nic.fixedIp !== null) {
      const ip = canonicalIp(nic.fixedIp) ?? nic.fixedIp;
      const holder = await network.findPortByAddress(nic.networkId, ip);
      if (holder) throw faults.fixedIpInUse(nic.fixedIp, holder.deviceId);
    }
    const { networkId, fixedIp, tag } = nic;
    nics.push({ portId: null, given: false, networkId, fixedIp, tag });
  }
  await checkNamed(network, ctx, requested);
  return { nics, withResources };
}

/** Rows 12 to 14. */
async function checkPort(network: NetworkApi, ctx: Context, portId: string) {
  const port = await network.findPort(ctx, portId);
  if (!port) throw faults.portNotFound(portId);
  if (port.deviceId !== '') throw faults.portInUse(portId);
  if (port.fixedIps.length === 0 && port.ipAllocation === 'immediate') {
    throw faults.portRequiresFixedIp(portId);
  }
  return port;
}

/** Rows 16 and 17. compat: a network without a subnet is refused before one that is missing. */
async function checkNamed(
  network: NetworkApi,
  ctx: Context,
  requested: readonly NicRequest[],
): Promise<void> {
  const ids = [
    ...new Set(requested.flatMap((nic) => (nic.kind === 'network' ? [nic.networkId] : []))),
  ];
  if (ids.length === 0) return;
  const found = new Map((await network.findNetworks(ctx, ids)).map((each) => [each.id, each]));
  for (const id of ids) {
    if (found.get(id)?.subnets.length === 0) throw faults.networkRequiresSubnet(id);
  }
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) throw faults.networksNotFound(missing);
}

/** Row 18: how many servers can have their ports; nothing is set aside. */
async function checkPortQuota(
  network: NetworkApi,
  ctx: Context,
  portsEach: number,
  { min, max }: Counts,
): Promise<number> {
  if (portsEach === 0) return max;
  const { limit, used } = await network.portQuota(ctx, ctx.projectId);
  if (limit < 0) return max;
  if (used > limit) throw portsOverLimit(used, limit);
  const fits = Math.floor((limit - used) / portsEach);
  if (fits < min) throw portLimitExceeded();
  return Math.min(fits, max);
}
