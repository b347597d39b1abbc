/** CIDRs as the firewall's sets want them: none within another, single addresses without a length. */
import { formatCidr, parseCidr, widthOf, type Cidr } from '#base/net/cidr.ts';
import { formatIp } from '#base/net/ip.ts';

/** The CIDRs that are not within another, without repetition. */
export function outermost(cidrs: readonly Cidr[]): readonly Cidr[] {
  const kept: Cidr[] = [];
  // Wide ones first: whatever lies within one of them comes after it.
  for (const cidr of cidrs.toSorted((a, b) => a.prefix - b.prefix)) {
    if (!kept.some((wide) => isWithin(cidr, wide))) kept.push(cidr);
  }
  return kept;
}

/** The same of texts; what is no CIDR is left out. */
export function outermostOf(texts: readonly string[]): readonly Cidr[] {
  return outermost(texts.flatMap((text) => parseCidr(text) ?? []));
}

export function isHost(cidr: Cidr): boolean {
  return cidr.prefix === widthOf(cidr.version);
}

/** As `nft` prints it. */
export function sayCidr(cidr: Cidr): string {
  return isHost(cidr) ? formatIp({ version: cidr.version, value: cidr.network }) : formatCidr(cidr);
}

function isWithin(cidr: Cidr, wide: Cidr): boolean {
  if (cidr.version !== wide.version || cidr.prefix < wide.prefix) return false;
  const rest = BigInt(widthOf(cidr.version) - wide.prefix);
  return cidr.network >> rest === wide.network >> rest;
}
