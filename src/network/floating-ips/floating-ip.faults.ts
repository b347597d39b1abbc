/** What is refused of floating IPs, in Neutron's words. */
import { Fault } from '#platform/fault.ts';
import { badListRequest } from '../network.faults.ts';

export const floatingIpNotFound = (id: string) =>
  new Fault('not-found', 'FloatingIPNotFound', `Floating IP ${id} could not be found`);

const badRequest = (message: string) => badListRequest('floatingip', message);

export const notExternal = (networkId: string) =>
  badRequest(`Network ${networkId} is not a valid external network`);

export const noIpv4Subnet = (networkId: string) =>
  badRequest(`Network ${networkId} does not contain any IPv4 subnet`);

/** The subnet that was asked for has no IPv4 addresses. */
export const externalAddressExhausted = (networkId: string) =>
  new Fault(
    'invalid',
    'ExternalIpAddressExhausted',
    `Unable to find any IP address on external network ${networkId}.`,
  );

export const fixedIpWithoutPort = () =>
  badRequest('fixed_ip_address cannot be specified without a port_id');

export const portOfOtherProject = (portId: string) =>
  badRequest(
    `Cannot process floating IP association with Port ${portId}, since that port is owned by a different project`,
  );

/** A port of the cloud's own DHCP server. */
export const portNotServed = (portId: string) =>
  badRequest(`Port ${portId} is unable to be assigned a floating IP`);

export const fixedIpNotIpv4 = (ip: string) =>
  badRequest(
    `Cannot process floating IP association with ${ip}, since that is not an IPv4 address`,
  );

export const portWithoutFixedIp = (portId: string, ip: string) =>
  badRequest(`Port ${portId} does not have fixed ip ${ip}`);

export const portWithoutIpv4 = (portId: string) =>
  badRequest(`Cannot add floating IP to port ${portId} that has no fixed IPv4 addresses`);

export const portWithSeveralIpv4 = (portId: string) =>
  badRequest(
    `Port ${portId} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`,
  );

/** No router leads from the one to the other. */
export const externalGatewayNotFound = (way: {
  readonly networkId: string;
  readonly subnetId: string;
  readonly portId: string;
}) =>
  new Fault(
    'not-found',
    'ExternalGatewayForFloatingIPNotFound',
    `External network ${way.networkId} is not reachable from subnet ${way.subnetId}.  Therefore, cannot associate Port ${way.portId} with a Floating IP.`,
  );

export const alreadyAssociated = (
  floatingIp: {
    readonly id: string;
    readonly floating_ip_address: string;
    readonly floating_network_id: string;
  },
  { portId, fixedIp }: { readonly portId: string; readonly fixedIp: string },
) =>
  new Fault(
    'conflict',
    'FloatingIPPortAlreadyAssociated',
    `Cannot associate floating IP ${floatingIp.floating_ip_address} (${floatingIp.id}) with port ${portId} using fixed IP ${fixedIp}, as that fixed IP already has a floating IP on external network ${floatingIp.floating_network_id}.`,
  );

/** Somebody else's floating IP leads to the port. */
export const portHasFloatingIp = (portId: string) =>
  new Fault(
    'conflict',
    'FipAssociated',
    `Unable to complete the operation on port ${portId} because the port still has an associated floating IP.`,
  );

export const fixedIpNeeded = (portId: string) =>
  badListRequest(
    'port',
    `Cannot update the fixed_ips of the port ${portId}, because its original fixed_ip has been associated to a floating ip`,
  );

export const inUseByForwardings = (id: string) =>
  new Fault(
    'conflict',
    'FipInUseByPortForwarding',
    `Floating IP ${id} in use by Port Forwarding resources.`,
  );

export const domainWithoutName = () =>
  badRequest('dns_domain cannot be specified without a dns_name');

export const nameWithoutDomain = () =>
  badRequest('dns_name cannot be specified without a dns_domain');
