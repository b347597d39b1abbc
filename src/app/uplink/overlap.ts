/** Whether a range of addresses is in use on the host already. Pure, but for asking the host. */
import { cidrsOverlap, parseCidr } from '#base/net/cidr.ts';
import { run } from '#drivers/run.ts';
import { linkAlias } from './host-link-plan.ts';

/** A range that this host uses, and where. */
export type HostRange = {
  readonly cidr: string;
  readonly kind: 'address' | 'route';
  /** The interface; empty for a route that leads nowhere. */
  readonly dev: string;
};

type LinkJson = { readonly ifname: string; readonly ifalias?: string };
type AddressJson = {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
};
type RouteJson = { readonly dst?: string; readonly dev?: string };

/** What the host uses, but for links of this very cloud. */
export async function hostRanges(
  stateDir: string,
  signal: AbortSignal,
): Promise<readonly HostRange[]> {
  const ask = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await run('ip', ['-json', ...args], { signal })) || '[]');
  const [links, addresses, routes4, routes6] = await Promise.all([
    ask('link', 'show'),
    ask('addr', 'show'),
    ask('-4', 'route', 'show', 'table', 'main'),
    ask('-6', 'route', 'show', 'table', 'main'),
  ]);
  const alias = linkAlias(stateDir);
  const own = (links as LinkJson[]).filter((link) => link.ifalias === alias);
  return readHostRanges(
    addresses as AddressJson[],
    [...(routes4 as RouteJson[]), ...(routes6 as RouteJson[])],
    own.map((link) => link.ifname),
  );
}

/** `own` are the links that do not count. */
export function readHostRanges(
  addresses: readonly AddressJson[],
  routes: readonly RouteJson[],
  ownLinks: readonly string[],
): readonly HostRange[] {
  const own = new Set(ownLinks);
  const ranges: HostRange[] = [];
  for (const { ifname: dev, addr_info: infos = [] } of addresses) {
    if (own.has(dev)) continue;
    for (const { local, prefixlen } of infos) {
      if (local !== undefined) ranges.push({ cidr: `${local}/${prefixlen}`, kind: 'address', dev });
    }
  }
  for (const { dst = 'default', dev = '' } of routes) {
    // What has no place of its own goes the default way: every range overlaps that, and takes nothing from it.
    if (dst === 'default' || own.has(dev)) continue;
    const cidr = dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`;
    ranges.push({ cidr, kind: 'route', dev });
  }
  return ranges;
}

/** The first range of the host that shares addresses with `cidr`. */
export function findOverlap(cidr: string, ranges: readonly HostRange[]): HostRange | undefined {
  const wanted = parseCidr(cidr);
  if (wanted === undefined) return undefined;
  return ranges.find((range) => {
    const used = parseCidr(range.cidr);
    return used !== undefined && cidrsOverlap(wanted, used);
  });
}

/** Such as `interface 'docker0', which has 172.24.0.1/16`. */
export function describeRange({ cidr, kind, dev }: HostRange): string {
  if (kind === 'address') return `interface '${dev}' of this host, which has ${cidr}`;
  return `this host's route to ${cidr}${dev === '' ? '' : ` by interface '${dev}'`}`;
}
