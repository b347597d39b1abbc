/** Who gets which address of `dnsmasq`, and which names it knows: pure text from a DHCP spec. */
import type { DhcpSpec } from '#base/host/links.ts';
import { isHostname } from '../specs.ts';
import { isFit } from './dnsmasq-options.ts';
import { servedPorts, type ServedPort } from './served.ts';

/**
 * The file of hosts. dnsmasq takes the last line that fits a MAC and the version that it is asked for; one without an
 * address fits both, so those come first.
 */
export function hostsText(dhcp: DhcpSpec): string {
  const ports = servedPorts(dhcp);
  return lines([
    ...ports.flatMap(statelessLine),
    ...ports.flatMap(v6Line),
    ...ports.flatMap(v4Lines),
  ]);
}

/** Names of all addresses on the network, for the DNS server that comes with the DHCP server. */
export function namesText(dhcp: DhcpSpec): string {
  const domain = dhcp.domain.replace(/\.$/, '');
  return lines(
    dhcp.hosts
      .filter((host) => isHostname(host.hostname))
      .map(({ ip, hostname }) => `${ip}\t${hostname}.${domain} ${hostname}`),
  );
}

function v4Lines(port: ServedPort): readonly string[] {
  return port.v4.map(({ ip, hostname }) => {
    const name = isHostname(hostname) ? [hostname] : [];
    // `id:*`: a guest stays the same guest when another client in it sends another client id.
    return [port.mac, 'id:*', ...tagOf(port), ip, ...name].join(',');
  });
}

/** All of its addresses in one line, for dnsmasq looks at one line only. Nameless: names have a file of their own. */
function v6Line(port: ServedPort): readonly string[] {
  if (port.v6.length === 0) return [];
  return [[port.mac, ...tagOf(port), ...port.v6.map(({ ip }) => `[${ip}]`)].join(',')];
}

/** Without an address, only so that it is known and gets an answer. */
function statelessLine(port: ServedPort): readonly string[] {
  if (port.stateless.length === 0 || port.v6.length > 0) return [];
  return [[port.mac, 'id:*', ...tagOf(port)].join(',')];
}

function tagOf(port: ServedPort): readonly string[] {
  const hosts = [...port.v4, ...port.v6, ...port.stateless];
  return hosts.some((host) => host.options.some(isFit)) ? [`set:port-${port.portId}`] : [];
}

function lines(some: readonly string[]): string {
  return some.map((line) => `${line}\n`).join('');
}
