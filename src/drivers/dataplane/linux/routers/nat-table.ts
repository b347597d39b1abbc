/** How a router translates addresses: pure text for `nft` that makes the whole table anew, at once. */
import { isIPv4 } from 'node:net';
import type { PortForwardingSpec, PortRange, RouterSpec } from '#base/host/routers.ts';

const TABLE = 'ip stackyard-nat';
const GATEWAY = '"qg-*"';
const WITH_PORTS = '{ tcp, udp, sctp, dccp }';

/**
 * Replaces whatever was there. As in Neutron:
 * - a floating IP and its fixed one stand for each other, wherever a flow begins;
 * - what leaves by the gateway without a floating IP gets the gateway's address, where that is wanted;
 * - what comes from inside to a floating IP also gets a source outside, so that answers come back this way;
 * - nothing else is translated: not between internal networks, and not what comes in for internal addresses.
 */
export function natTable(router: RouterSpec): string {
  const own = snatAddress(router);
  const snat = router.gateway?.snat === true;
  const fixed = new Map(router.floatingIps.map((one) => [one.floatingIp, one.fixedIp]));
  const floating = new Map(router.floatingIps.map((one) => [one.fixedIp, one.floatingIp]));
  const forwarded = forwardedTo(router.forwardings);
  return `table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  map fixed {
    type ipv4_addr : ipv4_addr
${elements(fixed)}  }
  map floating {
    type ipv4_addr : ipv4_addr
${elements(floating)}  }
  map forwarded {
    type ipv4_addr . inet_proto : ipv4_addr
${elements(forwarded.whole)}  }
  map forwarded-ranges {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr
    flags interval
${elements(forwarded.ranges)}  }
  map forwarded-ports {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
${elements(forwarded.ports)}  }
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
    oifname != ${GATEWAY} ct status & dnat == 0 accept
    snat to ip saddr map @floating
${snat && own !== null ? `    oifname ${GATEWAY} snat to ${own} fully-random\n` : ''}${
    own === null
      ? ''
      : `    iifname != ${GATEWAY} ct status & dnat == dnat snat to ${own} fully-random\n`
  }  }
}
`;
}

/** The address that guests without a floating IP are seen with outside. */
export function snatAddress({ gateway }: RouterSpec): string | null {
  const addresses = gateway?.addresses.map((address) => address.split('/')[0] ?? '');
  return addresses?.find((address) => isIPv4(address)) ?? null;
}

/** `ports` holds one element a port where the inner port is another: a range is moved as it is. */
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
  return { whole, ranges, ports };
}

function isSame(one: PortRange, other: PortRange): boolean {
  return one.first === other.first && one.last === other.last;
}

function elements(map: ReadonlyMap<string, string>): string {
  if (map.size === 0) return '';
  const lines = [...map].map(([key, value]) => `      ${key} : ${value}`);
  return `    elements = {\n${lines.join(',\n')}\n    }\n`;
}
