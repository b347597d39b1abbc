/** Which address a port has. No other code picks one. */
import { formatIp, sortableIp, type Ip } from '#base/net/ip.ts';
import type { Tx } from '#platform/db/tables.ts';
import {
  addressAlreadyAllocated,
  addressGenerationFailure,
  addressGenerationFailureForSubnet,
} from '../network.faults.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';
import {
  deleteFixedIps,
  fixedIpsOfPorts,
  insertFixedIp,
  nextTaken,
  setPosition,
  takenAddresses,
  type FixedIpRow,
} from './fixed-ip.store.ts';
import {
  candidates,
  planAutomatic,
  planWanted,
  rangesOf,
  type Addressee,
  type FixedIpWanted,
  type Need,
  type Range,
} from './ipam.rules.ts';

/** How an address is picked when any will do. */
export type Pick = {
  readonly random: (below: bigint) => bigint;
  /** The lowest that is free, instead of one at random: so that services have addresses one can guess. */
  readonly lowest?: boolean;
};

/** Addresses for a new port. `wanted` undefined: whatever the network has to give. */
export async function allocate(
  tx: Tx,
  port: Addressee & { readonly id: string },
  subnets: readonly SubnetRow[],
  { wanted, ...pick }: Pick & { readonly wanted: readonly FixedIpWanted[] | undefined },
): Promise<readonly FixedIpRow[]> {
  const needs = wanted ? planWanted(port, subnets, wanted) : planAutomatic(port, subnets);
  return await take(tx, port, needs, { ...pick, position: 0 });
}

/**
 * Other addresses for a port. Those that it has and that are wanted again stay as they are, and an address
 * that is only wanted of a subnet is one that the port has there already, if it has.
 */
export async function reallocate(
  tx: Tx,
  port: Addressee & { readonly id: string },
  subnets: readonly SubnetRow[],
  { wanted, ...pick }: Pick & { readonly wanted: readonly FixedIpWanted[] },
): Promise<readonly FixedIpRow[]> {
  const left = [...((await fixedIpsOfPorts(tx, [port.id])).get(port.id) ?? [])];
  const needs = planWanted(port, subnets, wanted);
  const claim = (fits: (row: FixedIpRow) => boolean): FixedIpRow | undefined => {
    const index = left.findIndex(fits);
    return index < 0 ? undefined : left.splice(index, 1)[0];
  };
  // Certain addresses first, so that none of them is taken for an address that may be any.
  const kept = new Map<Need, FixedIpRow>();
  for (const kind of ['exact', 'any'] as const) {
    for (const need of needs) {
      if (need.kind !== kind) continue;
      const row = claim((candidate) => satisfies(candidate, need));
      if (row) kept.set(need, row);
    }
  }
  await deleteFixedIps(tx, left);
  const rows: FixedIpRow[] = [];
  for (const [position, need] of needs.entries()) {
    const row = kept.get(need);
    if (!row) {
      rows.push(...(await take(tx, port, [need], { ...pick, position })));
      continue;
    }
    if (row.position !== position) await setPosition(tx, row, position);
    rows.push({ ...row, position });
  }
  return rows;
}

function satisfies(row: FixedIpRow, need: Need): boolean {
  return need.kind === 'exact'
    ? row.subnet_id === need.subnet.id && row.ip_order === sortableIp(need.ip)
    : need.subnets.some((subnet) => subnet.id === row.subnet_id);
}

/** One more address for a port, after those that it has. Undefined when the subnets have none left. */
export async function addAddress(
  tx: Tx,
  port: Addressee & { readonly id: string },
  need: Need,
  { position, ...pick }: Pick & { readonly position: number },
): Promise<FixedIpRow | undefined> {
  const ip = await choose(tx, need, pick);
  return ip && (await write(tx, port, { ...ip, position }));
}

async function take(
  tx: Tx,
  port: Addressee & { readonly id: string },
  needs: readonly Need[],
  { position, ...pick }: Pick & { readonly position: number },
): Promise<readonly FixedIpRow[]> {
  const rows: FixedIpRow[] = [];
  for (const [index, need] of needs.entries()) {
    const row = await addAddress(tx, port, need, { ...pick, position: position + index });
    if (!row) throw nothingLeft(port, need);
    rows.push(row);
  }
  return rows;
}

type Chosen = { readonly subnet: SubnetRow; readonly ip: Ip };

async function choose(tx: Tx, need: Need, pick: Pick): Promise<Chosen | undefined> {
  if (need.kind === 'exact') return need;
  for (const subnet of need.subnets) {
    const ip = await findFree(tx, subnet, pick);
    if (ip) return { subnet, ip };
  }
  return undefined;
}

async function write(
  tx: Tx,
  port: Addressee & { readonly id: string },
  { subnet, ip, position }: Chosen & { position: number },
): Promise<FixedIpRow> {
  const row: FixedIpRow = {
    port_id: port.id,
    network_id: port.networkId,
    subnet_id: subnet.id,
    ip_address: formatIp(ip),
    ip_order: sortableIp(ip),
    position,
  };
  if (!(await insertFixedIp(tx, row))) throw addressAlreadyAllocated(row.ip_address, subnet.id);
  return row;
}

function nothingLeft(port: Addressee, need: Need) {
  const named = need.kind === 'any' && need.named ? need.subnets[0] : undefined;
  return named
    ? addressGenerationFailureForSubnet(named.id)
    : addressGenerationFailure(port.networkId);
}

/** How many addresses are looked at together before all are. */
const TRIES = 16;

/**
 * An address that nobody has. While the subnet is not nearly full one look is enough, however many ports
 * there are; else the taken ones are walked along in order until there is a gap.
 */
async function findFree(
  tx: Tx,
  subnet: SubnetRow,
  { random, lowest }: Pick,
): Promise<Ip | undefined> {
  const version = subnet.ip_version;
  const ranges = rangesOf(subnet);
  if (!lowest) {
    const ips = candidates(ranges, random, TRIES).map((value) => ({ version, value }));
    const taken = await takenAddresses(tx, subnet.id, ips.map(sortableIp));
    const free = ips.find((ip) => !taken.has(sortableIp(ip)));
    if (free) return free;
  }
  for (const range of ranges) {
    const value = await firstGap(tx, subnet, range);
    if (value !== undefined) return { version, value };
  }
  return undefined;
}

async function firstGap(
  tx: Tx,
  { id, ip_version: version }: SubnetRow,
  { first, last }: Range,
): Promise<bigint | undefined> {
  const limit = 1000;
  const to = sortableIp({ version, value: last });
  let next = first;
  while (next <= last) {
    const from = sortableIp({ version, value: next });
    const taken = await nextTaken(tx, id, { from, to, limit });
    for (const order of taken) {
      if (order !== sortableIp({ version, value: next })) return next;
      next += 1n;
    }
    if (taken.length < limit) return next <= last ? next : undefined;
  }
  return undefined;
}
