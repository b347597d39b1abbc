/** What `dnsmasq` is started with: pure text from a DHCP spec. */
import { join } from 'node:path';
import { formatIp } from '#base/net/ip.ts';
import { cidrSize, widthOf } from '#base/net/cidr.ts';
import type { DhcpSpec } from '#base/host/links.ts';
import { SERVICE_INNER } from '../names.ts';
import type { HostUser } from './dnsmasq-user.ts';
import { firstOf, servedSubnets, type ServedSubnet } from './served.ts';

/** As in Neutron. */
const LEASE_SECONDS = 86_400;

/**
 * Much shorter for IPv6: dnsmasq gives an address again only to the client id that has it, and a guest that was
 * rebuilt has another. Until the lease ends it gets none, and for nobody else is the address anyway.
 */
const V6_LEASE_SECONDS = 600;

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
    '--quiet-dhcp6',
    `--dhcp-hostsfile=${files.hosts}`,
    `--dhcp-optsfile=${files.options}`,
    `--addn-hosts=${files.names}`,
    `--dhcp-leasefile=${files.leases}`,
    '--dhcp-authoritative',
    '--dhcp-ignore=tag:!known',
    // What guests call themselves names nobody: their neighbours would believe it.
    '--dhcp-ignore-names',
    '--dhcp-lease-max=16777216',
    '--no-ping',
    `--domain=${dhcp.domain}`,
    `--local=/${dhcp.domain}/`,
    `--dhcp-option-force=option:mtu,${mtu}`,
    ...servedSubnets(dhcp).map(rangeArgument),
  ];
}

function rangeArgument(subnet: ServedSubnet): string {
  const { range } = subnet;
  const set = `--dhcp-range=set:subnet-${subnet.id},${firstOf(subnet)},static`;
  if (range.version === 6) return `${set},${range.prefix},${V6_LEASE_SECONDS}s`;
  const mask = (1n << BigInt(widthOf(4))) - cidrSize(range);
  return `${set},${formatIp({ version: 4, value: mask })},${LEASE_SECONDS}s`;
}
