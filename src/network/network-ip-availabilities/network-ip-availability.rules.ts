/** How many addresses a subnet has to give. Pure. */
import { ipCount } from '#base/net/ip.ts';
import { cidrOf, rangesOf } from '../ipam/ipam.rules.ts';
import type { SubnetsTable } from '#platform/db/tables/network.ts';

/** compat: all of a subnet that has no pools at all. */
export function totalAddresses(subnet: SubnetsTable): bigint {
  const ranges = rangesOf(subnet);
  if (ranges.length > 0) {
    return ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  }
  const { version, prefix } = cidrOf(subnet);
  return ipCount(version) >> BigInt(prefix);
}
