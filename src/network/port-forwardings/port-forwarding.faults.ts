/** What is refused of port forwardings, in Neutron's words. */
import type { PortRange } from '#base/host/routers.ts';
import { pythonRepr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';
import { badListRequest } from '../network.faults.ts';
import { formatPortRange } from './port-range.ts';

const badRequest = (message: string) => badListRequest('port_forwarding', message);

export const portForwardingNotFound = (id: string) =>
  new Fault('not-found', 'PortForwardingNotFound', `Port Forwarding ${id} could not be found.`);

/** The port has a floating IP to itself. */
export const portHasFloatingIp = (
  floatingIp: { readonly id: string; readonly floating_ip_address: string },
  { portId, fixedIp }: { readonly portId: string; readonly fixedIp: string },
) =>
  new Fault(
    'conflict',
    'PortHasBindingFloatingIP',
    `Cannot create port forwarding to floating IP ${floatingIp.floating_ip_address} (${floatingIp.id}) with port ${portId} using fixed IP ${fixedIp}, as that port already has a binding floating IP.`,
  );

export const portsMissing = (protocol: string) =>
  badRequest(
    `A forwarding of protocol ${protocol} needs an external_port and an internal_port, or ranges of them`,
  );

export const portsOfIcmp = () =>
  badRequest('ICMP has no ports: forward all of it, without external_port and internal_port');

export const protocolNotIpv4 = () =>
  badRequest('A floating IP is an IPv4 address, to which no ipv6-icmp comes');

export const portAndRange = (side: 'external' | 'internal') =>
  badRequest(`The ${side}_port and the ${side}_port_range that were given are different ports`);

export const rangesUnrelated = () =>
  badRequest(
    'Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N',
  );

export const tooManyMoved = (most: number) =>
  badRequest(
    `A router forwards at most ${most} ports to ports of other numbers. Forward ranges to the same ports, which are not counted, or fewer of them`,
  );

export const portCollision = (
  side: 'external' | 'internal',
  existing: PortRange | null,
  wanted: PortRange | null,
) =>
  badRequest(
    `There is a port collision with the ${side}_port_range. The following ranges collide: ${shown(existing)} and ${shown(wanted)}`,
  );

const shown = (range: PortRange | null) => (range ? formatPortRange(range) : 'None');

/** What another forwarding has is the same as what an update asks for. */
export const sameAsAnother = (conflict: Readonly<Record<string, unknown>>) =>
  badRequest(
    `Another port forwarding entry with the same attributes already exists, conflicting values are ${pythonRepr(conflict)}`,
  );

export const portWithoutIpv4 = (portId: string) =>
  badRequest(`Requested internal port ${portId} must allocate an IPv4 address at least.`);

type FixedIp = { readonly subnet_id: string; readonly ip_address: string };

export const addressNotOfPort = (portId: string, ip: string, fixedIps: readonly FixedIp[]) =>
  badRequest(
    `Requested internal IP address ${ip} is not suitable for internal neutron port ${portId}, as its fixed_ips are ${repr(fixedIps)}`,
  );

/** The same of an update that leaves the port as it is. */
export const addressNotOfKeptPort = (fixedIps: readonly FixedIp[]) =>
  badRequest(
    `The internal IP does not correspond to an address on the internal port, which has fixed_ips ${repr(fixedIps)}`,
  );

const repr = (fixedIps: readonly FixedIp[]) =>
  pythonRepr(fixedIps.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })));

export const networkNotReachable = (way: {
  readonly networkId: string;
  readonly subnetId: string;
  readonly portId: string;
  readonly floatingIpId: string;
}) =>
  badRequest(
    `External network ${way.networkId} is not reachable from subnet ${way.subnetId}. Cannot set Port forwarding for port ${way.portId} with Floating IP ${way.floatingIpId}`,
  );

/** All forwardings of a floating IP go through one router. */
export const otherRouter = (floatingIpId: string, routerId: string, portId: string) =>
  badRequest(
    `The Floating IP ${floatingIpId} had been set on router ${routerId}, the internal Neutron port ${portId} can not reach it`,
  );
