/** Refuses what would not mean what it says once it is written into a batch for `ip`, `nft` or `dnsmasq`. */
import { isIP, isIPv4 } from 'node:net';
import type {
  AddressGroupSpec,
  MemberSpec,
  PacketRate,
  PortFirewall,
  SecurityGroupSpec,
  SecurityRuleSpec,
  StormControl,
} from '#base/host/firewall.ts';
import type { DhcpSpec, NetworkSpec, PortSpec } from '#base/host/links.ts';
import { Fault } from '#platform/fault.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const TAP = /^tap[0-9a-zA-Z-]{1,12}$/;
const DOMAIN = /^[0-9a-zA-Z]([0-9a-zA-Z.-]{0,252}[0-9a-zA-Z])?\.?$/;
const HOSTNAME = /^[0-9a-zA-Z]([0-9a-zA-Z.-]{0,252}[0-9a-zA-Z])?$/;

/** What the kernel lets a tap carry. */
const MAX_MTU = 65_521;

/** What is wrong with the network, as a fault that names it; null when it can be plugged. */
export function networkFault(network: NetworkSpec): Fault | null {
  const wrong =
    checkId(network.id) ??
    checkMtu(network.mtu) ??
    (network.dhcp === null ? null : checkDhcp(network.dhcp));
  return wrong === null ? null : refused('network', network.id, wrong);
}

/** What is wrong with the port, as a fault that names it; null when it can be plugged. */
export function portFault(port: PortSpec): Fault | null {
  const wrong =
    checkId(port.id) ??
    checkId(port.networkId) ??
    (TAP.test(port.tap) ? null : `its tap's name '${port.tap}' is not a tap's name`) ??
    checkMac(port.mac) ??
    checkMtu(port.mtu) ??
    (port.firewall === null ? null : checkFirewall(port.firewall)) ??
    checkStorm(port.storm);
  return wrong === null ? null : refused('port', port.id, wrong);
}

export function groupFault(group: SecurityGroupSpec): Fault | null {
  const wrong = checkId(group.id) ?? first(group.rules.map(checkRule));
  return wrong === null ? null : refused('security group', group.id, wrong);
}

export function memberFault(member: MemberSpec): Fault | null {
  const wrong =
    checkId(member.id) ??
    checkId(member.networkId) ??
    first(member.groups.map(checkId)) ??
    first(member.macs.map(checkMac)) ??
    first(member.cidrs.map(checkCidr));
  return wrong === null ? null : refused('member', member.id, wrong);
}

export function addressGroupFault(group: AddressGroupSpec): Fault | null {
  const wrong = checkId(group.id) ?? first(group.cidrs.map(checkCidr));
  return wrong === null ? null : refused('address group', group.id, wrong);
}

function checkFirewall({ macs, pairs, ethertypes, groups }: PortFirewall): string | null {
  return (
    first(macs.map(checkMac)) ??
    first(pairs.flatMap((pair) => [checkMac(pair.mac), checkCidr(pair.cidr)])) ??
    first(ethertypes.map((type) => checkNumber('EtherType', type, 0xffff))) ??
    first(groups.map(checkId))
  );
}

/** More is no limit, and what the kernel's counters of packets hold in a second. */
const MAX_RATE = 100_000_000;
const MAX_HOLD_SECONDS = 30 * 24 * 3600;
const MAX_CLEARS = 0xffffffff;

function checkStorm(storm: StormControl): string | null {
  return (
    first([storm.broadcast, storm.multicast, storm.unknownUnicast].map(checkRate)) ??
    checkNumber('hold time', storm.holdSeconds, MAX_HOLD_SECONDS) ??
    checkNumber('count of clearings', storm.clears, MAX_CLEARS)
  );
}

function checkRate(limit: PacketRate | null): string | null {
  if (limit === null) return null;
  if (limit.rate === 0) return 'its rate 0 is not a limit';
  return checkNumber('rate', limit.rate, MAX_RATE) ?? checkNumber('burst', limit.burst, MAX_RATE);
}

function checkRule({ id, protocol, ports, remote }: SecurityRuleSpec): string | null {
  return (
    checkId(id) ??
    (protocol === null ? null : checkNumber('protocol', protocol, 255)) ??
    (ports === null
      ? null
      : (checkNumber('port', ports.min, 65_535) ?? checkNumber('port', ports.max ?? 0, 65_535))) ??
    ('id' in remote ? checkId(remote.id) : null) ??
    (remote.kind === 'cidr' ? checkCidr(remote.cidr) : null)
  );
}

function checkNumber(what: string, value: number, last: number): string | null {
  return Number.isInteger(value) && value >= 0 && value <= last
    ? null
    : `its ${what} ${value} is not between 0 and ${last}`;
}

function checkDhcp(dhcp: DhcpSpec): string | null {
  return (
    checkId(dhcp.portId) ??
    checkMac(dhcp.mac) ??
    (DOMAIN.test(dhcp.domain) ? null : `'${dhcp.domain}' is not a domain`) ??
    first(dhcp.addresses.map(checkCidr)) ??
    first(dhcp.subnets.map((subnet) => checkId(subnet.id) ?? checkCidr(subnet.cidr))) ??
    first(dhcp.subnets.flatMap((subnet) => subnet.dnsNameservers.map(checkIp))) ??
    first(
      dhcp.subnets.map((subnet) => (subnet.gateway === null ? null : checkIp(subnet.gateway))),
    ) ??
    first(
      dhcp.subnets.flatMap((subnet) =>
        subnet.hostRoutes.map((route) => checkCidr(route.destination) ?? checkIp(route.nexthop)),
      ),
    ) ??
    first(dhcp.hosts.map((host) => checkId(host.portId) ?? checkMac(host.mac) ?? checkIp(host.ip)))
  );
}

/** True for a name that may be written into a file of hosts. */
export function isHostname(name: string): boolean {
  return HOSTNAME.test(name);
}

/** True for IPv4 addresses, with or without a prefix length. */
export function isV4(address: string): boolean {
  return isIPv4(address.split('/')[0] ?? '');
}

export function checkId(id: string): string | null {
  return UUID.test(id) ? null : `'${id}' is not a UUID in lower case`;
}

export function checkMac(mac: string): string | null {
  return MAC.test(mac) ? null : `'${mac}' is not a MAC address in lower case`;
}

export function checkMtu(mtu: number): string | null {
  const fits = Number.isInteger(mtu) && mtu >= 68 && mtu <= MAX_MTU;
  return fits ? null : `its MTU ${mtu} is not between 68 and ${MAX_MTU}`;
}

export function checkIp(address: string): string | null {
  return isIP(address) === 0 ? `'${address}' is not an IP address` : null;
}

export function checkCidr(cidr: string): string | null {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  const fits = /^\d{1,3}$/.test(length) && Number(length) <= bits && rest.length === 0;
  return isIP(address) !== 0 && fits ? null : `'${cidr}' is not an address with a prefix length`;
}

export function first(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

export function refused(noun: string, id: string, wrong: string): Fault {
  const message = `The ${noun} ${id} cannot be plugged: ${wrong}.`;
  return new Fault('invalid', 'NotPluggable', message, { detail: { id } });
}
