/** Refuses what would not mean what it says once it is written into a batch for `ip`, `nft` or `dnsmasq`. */
import { isIP, isIPv4 } from 'node:net';
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
    checkMtu(port.mtu) ??
    first((port.firewall?.macs ?? []).map(checkMac));
  return wrong === null ? null : refused('port', port.id, wrong);
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

function checkId(id: string): string | null {
  return UUID.test(id) ? null : `'${id}' is not a UUID in lower case`;
}

function checkMac(mac: string): string | null {
  return MAC.test(mac) ? null : `'${mac}' is not a MAC address in lower case`;
}

function checkMtu(mtu: number): string | null {
  const fits = Number.isInteger(mtu) && mtu >= 68 && mtu <= MAX_MTU;
  return fits ? null : `its MTU ${mtu} is not between 68 and ${MAX_MTU}`;
}

function checkIp(address: string): string | null {
  return isIP(address) === 0 ? `'${address}' is not an IP address` : null;
}

function checkCidr(cidr: string): string | null {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  const fits = /^\d{1,3}$/.test(length) && Number(length) <= bits && rest.length === 0;
  return isIP(address) !== 0 && fits ? null : `'${cidr}' is not an address with a prefix length`;
}

function first(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

function refused(noun: 'network' | 'port', id: string, wrong: string): Fault {
  const message = `The ${noun} ${id} cannot be plugged: ${wrong}.`;
  return new Fault('invalid', 'NotPluggable', message, { detail: { id } });
}
