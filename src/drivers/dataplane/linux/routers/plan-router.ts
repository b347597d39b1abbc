/** What has to be done to a router's links, addresses and routes: pure, from what is wanted and what is there. */
import { routerNamespace } from '../names.ts';
import type { Step } from '../plan.ts';
import type { InnerLinkFacts, RouterFacts, RouterLink } from './router-facts.ts';

/** The id of steps that may fail: what they take away may have gone with something else. */
export const MAY_FAIL = '';

/** The kernel's number for links that go together: it waits for all processors once, and not for each link. */
const REMOVAL_GROUP = 57_006;

/** Not that of the routes that come with addresses, which a route to the same network would take the place of. */
const METRIC = 1024;

export type RouterPlan = {
  /** Lines for `ip` outside the router's namespace. */
  readonly outer: readonly Step[];
  /** Lines for `bridge`. */
  readonly fdb: readonly Step[];
  /** Lines for `ip` inside. */
  readonly inner: readonly Step[];
  /** A namespace or links are new, so that the kernel's switches must be set for them. */
  readonly switches: boolean;
  /** Ends inside that have an address which neighbours may remember of somebody else, with their MACs. */
  readonly announced: ReadonlyMap<string, string>;
};

/** `links` are those that `wanted` was made of. */
export function planRouter(
  id: string,
  links: readonly RouterLink[],
  options: { readonly wanted: RouterFacts; readonly has: RouterFacts },
): RouterPlan {
  const { wanted, has } = options;
  const [outer, fdb, inner]: [Step[], Step[], Step[]] = [[], [], []];
  const announced = new Map<string, string>();
  const made = new Set<string>();
  const stays = (link: RouterLink) =>
    has.namespace && has.outer.get(link.portId)?.name === link.outer && has.inner.has(link.inner);
  const kept = new Set(links.filter(stays).map((link) => link.portId));
  const gone = [...has.outer].filter(([portId]) => !kept.has(portId));
  outer.push(
    ...planGone(
      id,
      gone.map(([, link]) => link.name),
    ),
  );
  if (!has.namespace) {
    outer.push({ id, line: `netns add ${routerNamespace(id)}` });
    inner.push({ id, line: 'link set dev lo up' });
  }
  let moved = gone.length > 0;
  for (const link of links) {
    const isKept = kept.has(link.portId);
    if (!isKept) made.add(link.inner);
    outer.push(...planOuter(id, link, { wanted, has: isKept ? has : undefined }));
    fdb.push(...planPin(id, link, isKept ? has.outer.get(link.portId)?.pinnedMac : undefined));
    const before = isKept ? has.inner.get(link.inner) : undefined;
    const after = wanted.inner.get(link.inner);
    if (after === undefined) continue;
    inner.push(...planInner(id, link.inner, { after, before }));
    if (after.addresses.some((address) => before?.addresses.includes(address) !== true)) {
      announced.set(link.inner, link.mac);
    }
    moved ||= isLosing(before, after);
  }
  inner.push(...planRoutes(id, { wanted, has, moved }));
  // A new link tells of its addresses when it comes up.
  inner.push(...planAnnouncement(id, new Map([...announced].filter(([name]) => !made.has(name)))));
  return { outer, fdb, inner, switches: !has.namespace || made.size > 0, announced };
}

/** Everything away; `names` are the ends on bridges. */
export function planAbsent(id: string, has: Pick<RouterFacts, 'namespace' | 'outer'>): Step[] {
  const names = [...has.outer.values()].map((link) => link.name);
  const namespace = has.namespace ? [{ id, line: `netns del ${routerNamespace(id)}` }] : [];
  return [...planGone(id, names), ...namespace];
}

/**
 * Tells neighbours whose the addresses of these links are, by name and MAC: `arp_notify` and `ndisc_notify` have the
 * kernel do it whenever a MAC is set, even to what it was.
 */
export function planAnnouncement(id: string, links: ReadonlyMap<string, string>): Step[] {
  return [...links].map(([name, mac]) => ({ id, line: `link set dev ${name} address ${mac}` }));
}

function planGone(id: string, names: readonly string[]): Step[] {
  if (names.length <= 1) return names.map((name) => ({ id, line: `link del dev ${name}` }));
  return [
    ...names.map((name) => ({ id, line: `link set dev ${name} group ${REMOVAL_GROUP}` })),
    { id, line: `link del group ${REMOVAL_GROUP}` },
  ];
}

function planOuter(
  id: string,
  link: RouterLink,
  options: { readonly wanted: RouterFacts; readonly has: RouterFacts | undefined },
): Step[] {
  const { portId, mac, mtu } = link;
  const has = options.has?.outer.get(portId);
  const wanted = options.wanted.outer.get(portId);
  const steps: Step[] = [];
  const settings: string[] = [];
  if (has === undefined) {
    const peer = `${link.inner} mtu ${mtu} address ${mac} netns ${routerNamespace(id)}`;
    steps.push({ id, line: `link add dev ${link.outer} type veth peer name ${peer}` });
    settings.push(`alias ${id}/${portId}`);
  }
  if (has?.mtu !== mtu) settings.push(`mtu ${mtu}`);
  if (has?.master !== wanted?.master) settings.push(`master ${String(wanted?.master)}`);
  if (has?.up !== true) settings.push('up');
  if (settings.length > 0) {
    steps.push({ id, line: `link set dev ${link.outer} ${settings.join(' ')}` });
  }
  return steps;
}

/** Tells the bridge where the router's MAC is, so that nobody else can take it. */
function planPin(id: string, link: RouterLink, was: string | null | undefined): Step[] {
  if (was === link.mac) return [];
  const line = (verb: string) => `fdb ${verb} dev ${link.outer} master`;
  return [
    ...(was ? [{ id: MAY_FAIL, line: line(`del ${was}`) }] : []),
    { id, line: `${line(`replace ${link.mac}`)} static sticky` },
  ];
}

function planInner(
  id: string,
  name: string,
  options: { readonly after: InnerLinkFacts; readonly before: InnerLinkFacts | undefined },
): Step[] {
  const { after, before } = options;
  const lines: string[] = [];
  const settings: string[] = [];
  if (before !== undefined && before.mac !== after.mac) settings.push(`address ${after.mac}`);
  if (before !== undefined && before.mtu !== after.mtu) settings.push(`mtu ${after.mtu}`);
  const had = new Set(before?.addresses);
  const wanted = new Set(after.addresses);
  for (const address of had) {
    if (!wanted.has(address)) lines.push(`addr del ${address} dev ${name}`);
  }
  for (const address of wanted) {
    if (had.has(address)) continue;
    // Neutron gave the address to nobody else: asking around for it would only delay.
    const how = address.includes(':') ? ' nodad' : '';
    lines.push(`addr replace ${address} dev ${name}${how}`);
  }
  if (before?.up !== true) settings.push('up');
  if (settings.length > 0) lines.push(`link set dev ${name} ${settings.join(' ')}`);
  return lines.map((line) => ({ id, line }));
}

/** `moved`: links or addresses have gone, and with them any route that led there. */
function planRoutes(
  id: string,
  options: { readonly wanted: RouterFacts; readonly has: RouterFacts; readonly moved: boolean },
): Step[] {
  const { wanted, has, moved } = options;
  const steps: Step[] = [];
  for (const destination of has.routes.keys()) {
    if (!has.namespace || wanted.routes.has(destination)) continue;
    steps.push({ id: MAY_FAIL, line: `route del ${destination} proto static` });
  }
  for (const [destination, way] of wanted.routes) {
    if (!moved && has.routes.get(destination) === way) continue;
    // With the word `replace` the kernel adds a way beside the others of another metric: these have but one.
    const how = `proto static metric ${METRIC}`;
    steps.push({ id, line: `route replace ${destination} ${how} ${way ?? ''}` });
  }
  return steps;
}

/** Routes go with the address or the link that they lead over. */
function isLosing(before: InnerLinkFacts | undefined, after: InnerLinkFacts): boolean {
  if (before === undefined) return false;
  return !before.up || before.addresses.some((address) => !after.addresses.includes(address));
}
