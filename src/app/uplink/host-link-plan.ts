/** What has to be done for the host to have its link to the external networks, and no more. Pure. */
import { UPLINK_HOST_END, UPLINK_TABLE, UPLINK_OUTSIDES } from '#drivers/dataplane/linux/names.ts';
import { linkAddresses, type HostLink } from '#platform/uplink-config.ts';

/** What the host has of the link. */
export type HostLinkFacts = {
  /** Null when no link of that name is there. */
  readonly alias: string | null;
  readonly group: string | null;
  /** The other end is in the uplink's namespace of now. */
  readonly whole: boolean;
  /** Networks that are reached by it, with prefix length. */
  readonly routes: readonly string[];
  /** Its addresses, with prefix length. */
  readonly addresses: readonly string[];
};

/** Marks a link of ours from its first moment; the alias, which says whose, comes a moment later. */
export const LINK_GROUP = '57007';

/** What a link of this cloud is marked with. */
export function linkAlias(stateDir: string): string {
  return `stackyard:${stateDir}`;
}

/** Whether the link is this cloud's, or was left half made by a start that was killed. */
export function isOwn({ alias, group }: HostLinkFacts, stateDir: string): boolean {
  return alias === linkAlias(stateDir) || (alias === '' && group === LINK_GROUP);
}

/** Lines for `ip` on the host. `namespace` is a path to the uplink's. */
export function planHostLink(
  link: HostLink,
  facts: HostLinkFacts,
  wanted: {
    readonly stateDir: string;
    readonly namespace: string;
    readonly subnets: readonly string[];
    readonly ipv6: boolean;
  },
): readonly string[] {
  const { name } = link;
  const { stateDir, namespace, subnets, ipv6 } = wanted;
  const ends = linkAddresses(link);
  const lines: string[] = [];
  const anew = facts.alias === null || !facts.whole;
  if (anew) {
    if (facts.alias !== null) lines.push(`link del dev ${name}`);
    const peer = `${UPLINK_HOST_END} netns ${namespace}`;
    lines.push(`link add dev ${name} group ${LINK_GROUP} type veth peer name ${peer}`);
  }
  lines.push(`link set dev ${name} alias "${linkAlias(stateDir)}" addrgenmode none up`);
  const addresses = [
    link.address,
    ...(ipv6 ? [`${ends.host[6]}/${ends.prefix[6]}`, LINK_LOCAL.host] : []),
  ];
  const stale = anew ? [] : facts.addresses.filter((one) => !addresses.includes(one));
  lines.push(
    ...stale.map((address) => `addr del ${address} dev ${name}`),
    ...addresses.map((address) => addressLine(address, name)),
  );
  const reachable = subnets.filter((subnet) => ipv6 || !subnet.includes(':'));
  const gone = anew ? [] : facts.routes.filter((route) => !reachable.includes(route));
  lines.push(
    ...gone.map((route) => `route del ${route} dev ${name}`),
    ...reachable.map(
      (subnet) =>
        `route replace ${subnet} via ${ends.uplink[subnet.includes(':') ? 6 : 4]} dev ${name}`,
    ),
  );
  return lines;
}

/** Lines for `ip` in the uplink's namespace, once the link is there. */
export function planLinkInside(link: HostLink): readonly string[] {
  const ends = linkAddresses(link);
  const dev = UPLINK_HOST_END;
  return [
    `link set dev ${dev} addrgenmode none up`,
    addressLine(`${ends.uplink[4]}/${ends.prefix[4]}`, dev),
    addressLine(`${ends.uplink[6]}/${ends.prefix[6]}`, dev),
    addressLine(LINK_LOCAL.uplink, dev),
    `route replace default via ${ends.host[4]} dev ${dev}`,
    `route replace default via ${ends.host[6]} dev ${dev}`,
  ];
}

/** Lines for `nft` in the uplink's namespace: whether guests may begin to speak by this link. */
export function planOutside(dev: string, open: boolean): string {
  const element = `element ${UPLINK_TABLE} ${UPLINK_OUTSIDES} { "${dev}" }`;
  return `add ${element}\n${open ? '' : `delete ${element}\n`}`;
}

const LINK_LOCAL = { host: 'fe80::1/64', uplink: 'fe80::2/64' } as const;

function addressLine(address: string, dev: string): string {
  return `addr replace ${address} dev ${dev}${address.includes(':') ? ' nodad' : ''}`;
}
