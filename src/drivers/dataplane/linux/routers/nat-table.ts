/** How a router translates addresses: pure text for `nft`, from how it was and how it is to be. */
import { isIPv4 } from 'node:net';
import type { PortForwardingSpec, PortRange, RouterSpec } from '#base/host/routers.ts';

const TABLE = 'ip stackyard-nat';
const GATEWAY = '"qg-*"';
const WITH_PORTS = '{ tcp, udp, sctp, dccp }';

/** A user without rights may send the kernel some 200 KB at once, and an element takes up to 100 bytes. */
const MOST_ELEMENTS = 1_500;

type Elements = ReadonlyMap<string, string>;

/**
 * Scripts to be run one after the other; one, and so all at once, for what fits. As in Neutron:
 * - a floating IP and its fixed one stand for each other, wherever a flow begins;
 * - what leaves by the gateway without a floating IP gets the gateway's address, where that is wanted;
 * - what comes from inside to a floating IP also gets a source outside, so that answers come back this way;
 * - nothing else is translated: not between internal networks, and not what comes in for internal addresses.
 *
 * `was` undefined: nobody knows what is there, and it is replaced. Empty when nothing has to change.
 */
export function natScripts(was: RouterSpec | undefined, wanted: RouterSpec): readonly string[] {
  const lines: Statement[] = [];
  const leaving = leavingRules(wanted);
  if (was === undefined) {
    lines.push({ text: SKELETON, elements: 0 });
  }
  if (was === undefined || leaving !== leavingRules(was)) {
    lines.push({ text: `flush chain ${TABLE} leaving\n${leaving}`, elements: 0 });
  }
  const [before, after] = [was === undefined ? {} : mapsOf(was), mapsOf(wanted)];
  const changes = Object.entries(after).map(([map, elements]) => {
    return { map, ...differing(before[map] ?? new Map(), elements) };
  });
  for (const { map, gone } of changes)
    lines.push(...statements(`delete element ${TABLE} ${map}`, gone));
  for (const { map, come } of changes)
    lines.push(...statements(`add element ${TABLE} ${map}`, come));
  return scriptsOf(lines);
}

const SKELETON = `table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  map fixed { type ipv4_addr : ipv4_addr; }
  map floating { type ipv4_addr : ipv4_addr; }
  map forwarded { type ipv4_addr . inet_proto : ipv4_addr; }
  map forwarded-ranges {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr
    flags interval
  }
  map forwarded-ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  chain inwards {
    dnat to ip daddr map @fixed
    meta l4proto ${WITH_PORTS} dnat to ip daddr . meta l4proto . th dport map @forwarded-ports
    meta l4proto ${WITH_PORTS} dnat to ip daddr . meta l4proto . th dport map @forwarded-ranges
    dnat to ip daddr . meta l4proto map @forwarded
  }
  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
    jump inwards
  }
  chain own {
    type nat hook output priority -100; policy accept;
    jump inwards
  }
  chain leaving {
    type nat hook postrouting priority srcnat; policy accept;
  }
}`;

function leavingRules(router: RouterSpec): string {
  const own = snatAddress(router);
  const snat = router.gateway?.snat === true;
  const rules = [
    `oifname != ${GATEWAY} ct status & dnat == 0 accept`,
    'snat to ip saddr map @floating',
    ...(snat && own !== null ? [`oifname ${GATEWAY} snat to ${own} fully-random`] : []),
    ...(own === null
      ? []
      : [`iifname != ${GATEWAY} ct status & dnat == dnat snat to ${own} fully-random`]),
  ];
  return rules.map((rule) => `add rule ${TABLE} leaving ${rule}`).join('\n');
}

function mapsOf({ floatingIps, forwardings }: RouterSpec): Readonly<Record<string, Elements>> {
  return {
    fixed: new Map(floatingIps.map((one) => [one.floatingIp, one.fixedIp])),
    floating: new Map(floatingIps.map((one) => [one.fixedIp, one.floatingIp])),
    ...forwardedTo(forwardings),
  };
}

type Statement = { readonly text: string; readonly elements: number };

function statements(verb: string, elements: Elements): readonly Statement[] {
  const all = [...elements].map(([key, value]) => `${key} : ${value}`);
  const some: Statement[] = [];
  for (let at = 0; at < all.length; at += MOST_ELEMENTS) {
    const part = all.slice(at, at + MOST_ELEMENTS);
    some.push({ text: `${verb} { ${part.join(', ')} }`, elements: part.length });
  }
  return some;
}

function scriptsOf(all: readonly Statement[]): readonly string[] {
  const scripts: string[] = [];
  let count = MOST_ELEMENTS + 1;
  for (const { text, elements } of all) {
    count += elements;
    if (scripts.length === 0 || count > MOST_ELEMENTS) {
      scripts.push('');
      count = elements;
    }
    scripts.push(`${scripts.pop() ?? ''}${text}\n`);
  }
  return scripts;
}

/** An element whose value changes goes and comes. */
function differing(was: Elements, wanted: Elements) {
  const without = (some: Elements, others: Elements) =>
    new Map([...some].filter(([key, value]) => others.get(key) !== value));
  return { gone: without(was, wanted), come: without(wanted, was) };
}

/** The address that guests without a floating IP are seen with outside. */
export function snatAddress({ gateway }: RouterSpec): string | null {
  const addresses = gateway?.addresses.map((address) => address.split('/')[0] ?? '');
  return addresses?.find((address) => isIPv4(address)) ?? null;
}

/** `forwarded-ports` holds one element a port where the inner port is another: a range is moved as it is. */
function forwardedTo(forwardings: readonly PortForwardingSpec[]) {
  const [whole, ranges, ports] = [
    new Map<string, string>(),
    new Map<string, string>(),
    new Map<string, string>(),
  ];
  for (const { floatingIp, protocol, externalPorts, internalIp, internalPorts } of forwardings) {
    const from = `${floatingIp} . ${protocol}`;
    if (externalPorts === null || internalPorts === null) {
      whole.set(from, internalIp);
    } else if (isSame(externalPorts, internalPorts)) {
      ranges.set(`${from} . ${externalPorts.first}-${externalPorts.last}`, internalIp);
    } else {
      for (let port = externalPorts.first; port <= externalPorts.last; port++) {
        // A range of one port is where all of them go.
        const inner = Math.min(
          internalPorts.first + port - externalPorts.first,
          internalPorts.last,
        );
        ports.set(`${from} . ${port}`, `${internalIp} . ${inner}`);
      }
    }
  }
  return { forwarded: whole, 'forwarded-ranges': ranges, 'forwarded-ports': ports };
}

function isSame(one: PortRange, other: PortRange): boolean {
  return one.first === other.first && one.last === other.last;
}
