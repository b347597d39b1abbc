/** What `dnsmasq` is told: pure text from a DHCP spec. IPv4 only; IPv6 addresses are left out. */
import { join } from 'node:path';
import type { DhcpHost, DhcpSpec, DhcpSubnet } from '#base/host/links.ts';
import { SERVICE_INNER } from '../names.ts';
import type { HostUser } from './dnsmasq-user.ts';
import { isHostname, isV4 } from '../specs.ts';

/** As in Neutron. */
const LEASE_SECONDS = 86_400;

/** The files of one server, all in one directory. */
export function dhcpFiles(directory: string) {
  const file = (name: string) => join(directory, name);
  return {
    hosts: file('hosts'),
    options: file('options'),
    names: file('names'),
    leases: file('leases'),
    pid: file('pid'),
    log: file('log'),
    served: file('served.json'),
  };
}

export type DhcpFiles = ReturnType<typeof dhcpFiles>;

/**
 * The command line; `user` is whom it becomes once it has its sockets, null to stay who it is.
 * Whatever is in it needs a restart to change; all else is in files.
 */
export function dnsmasqArguments(
  dhcp: DhcpSpec,
  mtu: number,
  files: DhcpFiles,
  user: HostUser | null,
): readonly string[] {
  return [
    '--conf-file=', // none, not even the host's
    '--no-hosts',
    '--no-resolv',
    // Without the two names dnsmasq would look for a user to become and fail in a user namespace.
    `--user=${user?.user ?? ''}`,
    `--group=${user?.group ?? ''}`,
    `--interface=${SERVICE_INNER}`,
    '--bind-dynamic',
    `--pid-file=${files.pid}`,
    `--log-facility=${files.log}`,
    '--quiet-dhcp',
    `--dhcp-hostsfile=${files.hosts}`,
    `--dhcp-optsfile=${files.options}`,
    `--addn-hosts=${files.names}`,
    `--dhcp-leasefile=${files.leases}`,
    '--dhcp-authoritative',
    '--dhcp-ignore=tag:!known',
    '--dhcp-lease-max=16777216',
    '--no-ping',
    `--domain=${dhcp.domain}`,
    `--local=/${dhcp.domain}/`,
    `--dhcp-option-force=option:mtu,${mtu}`,
    ...v4Subnets(dhcp).map((subnet) => {
      const { first, mask } = splitCidr(subnet.cidr);
      return `--dhcp-range=set:${subnetTag(subnet.id)},${first},static,${mask},${LEASE_SECONDS}s`;
    }),
  ];
}

/** Who gets which address: one line a fixed lease. */
export function hostsText(dhcp: DhcpSpec): string {
  return lines(
    v4Hosts(dhcp).map((host) => {
      const tag = host.options.length > 0 ? [`set:${portTag(host.portId)}`] : [];
      const name = isHostname(host.hostname) ? [host.hostname] : [];
      // `id:*`: a guest stays the same guest when another client in it sends another client id.
      return [host.mac, 'id:*', ...tag, host.ip, ...name].join(',');
    }),
  );
}

/** What goes with an address: by subnet, and then by port. */
export function optionsText(dhcp: DhcpSpec): string {
  const bySubnet = v4Subnets(dhcp).flatMap((subnet) => subnetOptions(subnet, dhcp));
  const byPort = v4Hosts(dhcp).flatMap(portOptions);
  return lines([...bySubnet, ...byPort]);
}

/** Names of the network's ports, for the DNS server that comes with the DHCP server. */
export function namesText(dhcp: DhcpSpec): string {
  const domain = dhcp.domain.replace(/\.$/, '');
  return lines(
    v4Hosts(dhcp)
      .filter((host) => isHostname(host.hostname))
      .map(({ ip, hostname }) => `${ip}\t${hostname}.${domain} ${hostname}`),
  );
}

/** The server's own addresses that it serves on. */
export function serverAddresses(dhcp: DhcpSpec): readonly string[] {
  return dhcp.addresses.filter(isV4);
}

/** Options that cannot be told to dnsmasq, as a name or value of theirs would break a line. */
export function unfitOptions(dhcp: DhcpSpec): readonly { portId: string; name: string }[] {
  return v4Hosts(dhcp).flatMap((host) =>
    host.options
      .filter((option) => !fits(option))
      .map((option) => ({ portId: host.portId, name: option.name })),
  );
}

function subnetOptions(subnet: DhcpSubnet, dhcp: DhcpSpec): readonly string[] {
  const tag = `tag:${subnetTag(subnet.id)}`;
  const servers = subnet.dnsNameservers.filter(isV4);
  // compat: a name server 0.0.0.0 says that the subnet has none
  const noServers = servers.length === 1 && servers[0] === '0.0.0.0';
  const own = serverAddresses(dhcp)
    .map((address) => address.split('/')[0] ?? '')
    .filter((address) => isInside(address, subnet.cidr));
  const dns = noServers ? [] : servers.length > 0 ? servers : own;
  const routes = subnet.hostRoutes
    .filter((route) => isV4(route.destination) && isV4(route.nexthop))
    .map((route) => `${route.destination},${route.nexthop}`);
  // compat: the network's other subnets are on the same link, so no router is needed to reach them
  for (const other of v4Subnets(dhcp)) {
    if (other.cidr !== subnet.cidr) routes.unshift(`${other.cidr},0.0.0.0`);
  }
  // A client that is given routes ignores the router option, so the routes must hold the default.
  if (routes.length > 0 && subnet.gateway !== null) routes.push(`0.0.0.0/0,${subnet.gateway}`);
  return [
    [tag, 'option:dns-server', ...dns].join(','),
    ...(routes.length === 0
      ? []
      : [
          [tag, 'option:classless-static-route', ...routes].join(','),
          [tag, '249', ...routes].join(','), // the same for old Windows
        ]),
    // Without a value the option is not sent; without the line dnsmasq would name itself.
    [tag, 'option:router', ...(subnet.gateway === null ? [] : [subnet.gateway])].join(','),
  ];
}

function portOptions(host: DhcpHost): readonly string[] {
  return host.options.filter(fits).map(({ name, value }) => {
    const option = /^\d+$/.test(name) ? name : `option:${name}`;
    return `tag:${portTag(host.portId)},${option},${value}`;
  });
}

function fits(option: { readonly name: string; readonly value: string }): boolean {
  return /^[0-9a-z-]{1,64}$/.test(option.name) && !/\p{Cc}/u.test(option.value);
}

function v4Hosts(dhcp: DhcpSpec): readonly DhcpHost[] {
  return dhcp.hosts.filter((host) => isV4(host.ip));
}

function v4Subnets(dhcp: DhcpSpec): readonly DhcpSubnet[] {
  return dhcp.subnets.filter((subnet) => isV4(subnet.cidr));
}

function subnetTag(id: string): string {
  return `subnet-${id}`;
}

function portTag(id: string): string {
  return `port-${id}`;
}

function isInside(address: string, cidr: string): boolean {
  const { first, bits } = splitCidr(cidr);
  const hostBits = 2 ** (32 - bits);
  return Math.floor(toNumber(address) / hostBits) === Math.floor(toNumber(first) / hostBits);
}

function splitCidr(cidr: string): { first: string; mask: string; bits: number } {
  const [address = '', length = '32'] = cidr.split('/');
  const bits = Number(length);
  const hostBits = 2 ** (32 - bits);
  const first = toText(Math.floor(toNumber(address) / hostBits) * hostBits);
  return { first, mask: toText(2 ** 32 - hostBits), bits };
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function lines(some: readonly string[]): string {
  return some.map((line) => `${line}\n`).join('');
}
