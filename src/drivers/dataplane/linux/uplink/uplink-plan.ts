/** What has to be done for the uplink to have exactly its legs: pure, from what is wanted and what is there. */
import {
  bridgeName,
  UPLINK_LINK,
  UPLINK_NAMESPACE,
  UPLINK_YARD_END,
  uplinkLegName,
  uplinkLinkName,
} from '../names.ts';
import type { Step } from '../plan.ts';
import type { UplinkFacts } from './uplink-facts.ts';
import {
  legLinkLocal,
  legMac,
  subnetsOf,
  versionOf,
  YARD_WAY,
  type UplinkLeg,
} from './uplink-leg.ts';

/** The id of steps that are not for one network: their failure is that of all external networks. */
export const WHOLE_UPLINK = 'uplink';

export type UplinkPlan = {
  /** Lines for `ip` in the yard. */
  readonly links: readonly Step[];
  /** Lines for `ip` in the uplink's namespace, once the links are there. */
  readonly inside: readonly Step[];
  /** Lines for `ip` in the yard, once it is reached. */
  readonly routes: readonly Step[];
  /** Lines for `bridge`. */
  readonly fdb: readonly Step[];
};

const VERSIONS = [4, 6] as const;

export function planUplink(legs: readonly UplinkLeg[], facts: UplinkFacts): UplinkPlan {
  const links: Step[] = [];
  const inside: Step[] = [{ id: WHOLE_UPLINK, line: 'link set dev lo up' }];
  const fdb: Step[] = [];
  const wanted = new Set([UPLINK_LINK, ...legs.map((leg) => uplinkLinkName(leg.networkId))]);
  for (const name of facts.outer.keys()) {
    if (!wanted.has(name)) links.push({ id: WHOLE_UPLINK, line: `link del dev ${name}` });
  }
  planYardWay(facts, links, inside);
  for (const leg of legs) planLeg(leg, facts, { links, inside, fdb });
  return { links, inside, routes: planRoutes(legs, facts), fdb };
}

/** Everything that there is of the uplink in the yard, taken away: the links first, so that none is ever without its namespace. */
export function planNoUplink(facts: UplinkFacts): readonly Step[] {
  const lines = [...facts.outer.keys()].map((name) => `link del dev ${name}`);
  lines.push(`netns del ${UPLINK_NAMESPACE}`);
  return lines.map((line) => ({ id: WHOLE_UPLINK, line }));
}

function planYardWay(facts: UplinkFacts, links: Step[], inside: Step[]): void {
  const there = facts.outer.has(UPLINK_LINK) && facts.inner.has(UPLINK_YARD_END);
  const lines: string[] = [];
  if (!there) {
    if (facts.outer.has(UPLINK_LINK)) lines.push(`link del dev ${UPLINK_LINK}`);
    const peer = `${UPLINK_YARD_END} netns ${UPLINK_NAMESPACE}`;
    lines.push(`link add dev ${UPLINK_LINK} type veth peer name ${peer}`);
  }
  lines.push(`link set dev ${UPLINK_LINK} addrgenmode none up`);
  links.push(...lines.map((line) => ({ id: WHOLE_UPLINK, line })));
  inside.push(
    ...[
      `link set dev ${UPLINK_YARD_END} addrgenmode none up`,
      ...VERSIONS.map((version) => addressLine(yardWayAddress(version, 'uplink'), UPLINK_YARD_END)),
      addressLine('fe80::2/64', UPLINK_YARD_END),
    ].map((line) => ({ id: WHOLE_UPLINK, line })),
  );
}

function planLeg(
  leg: UplinkLeg,
  facts: UplinkFacts,
  plan: { readonly links: Step[]; readonly inside: Step[]; readonly fdb: Step[] },
): void {
  const { networkId: id, mtu } = leg;
  const addresses = [legLinkLocal(id), ...leg.addresses];
  const outer = uplinkLinkName(id);
  const inner = uplinkLegName(id);
  const mac = legMac(id);
  const has = facts.outer.has(outer) ? facts.inner.get(inner) : undefined;
  const step = (line: string): Step => ({ id, line });
  if (has === undefined) {
    if (facts.outer.has(outer)) plan.links.push(step(`link del dev ${outer}`));
    const peer = `${inner} address ${mac} mtu ${mtu} netns ${UPLINK_NAMESPACE}`;
    plan.links.push(step(`link add dev ${outer} mtu ${mtu} type veth peer name ${peer}`));
  }
  plan.links.push(step(`link set dev ${outer} alias ${id} mtu ${mtu} master ${bridgeName(id)} up`));
  plan.inside.push(
    step(`link set dev ${inner} mtu ${mtu} addrgenmode none up`),
    ...(has?.addresses ?? [])
      .filter((old) => !addresses.includes(old))
      .map((old) => step(`addr del ${old} dev ${inner}`)),
    ...addresses.map((address) => step(addressLine(address, inner))),
  );
  // Frames for the gateway go nowhere else, whoever says that its address is theirs.
  plan.fdb.push(step(`fdb replace ${mac} dev ${outer} master static sticky`));
}

function planRoutes(legs: readonly UplinkLeg[], facts: UplinkFacts): readonly Step[] {
  const subnets = subnetsOf(legs);
  const keep = new Set([...subnets, ...OWN_ROUTES]);
  return [
    ...VERSIONS.map((version) => addressLine(yardWayAddress(version, 'yard'), UPLINK_LINK)),
    addressLine('fe80::1/64', UPLINK_LINK),
    ...facts.routes
      .filter((route) => !keep.has(route))
      .map((route) => `route del ${route} dev ${UPLINK_LINK}`),
    ...subnets.map((subnet) => {
      const { yard, uplink } = YARD_WAY[versionOf(subnet)];
      return `route replace ${subnet} via ${uplink} dev ${UPLINK_LINK} src ${yard}`;
    }),
  ].map((line) => ({ id: WHOLE_UPLINK, line }));
}

/** What the kernel makes itself of the way's addresses. */
const OWN_ROUTES = ['169.254.240.0/30', 'fd53:7461:636b:ffff::/126', 'fe80::/64'];

function yardWayAddress(version: 4 | 6, end: 'yard' | 'uplink'): string {
  const way = YARD_WAY[version];
  return `${way[end]}/${way.prefix}`;
}

/** An address of IPv6 is used at once: nobody else can have it. */
function addressLine(address: string, dev: string): string {
  return `addr replace ${address} dev ${dev}${versionOf(address) === 6 ? ' nodad' : ''}`;
}
