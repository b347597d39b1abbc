/** Where a floating IP leads, and how it stands. Pure: facts come in as arguments. */
import { parseIp } from '#base/net/ip.ts';
import type { RoutersTable } from '#platform/db/tables/network-l3.ts';
import { DHCP_OWNER } from '../binding/binding.rules.ts';
import * as faults from './floating-ip.faults.ts';

export type FloatingIpStatus = 'ACTIVE' | 'DOWN' | 'ERROR';

/** A floating IP stands as the router does that it leads through, and is down when it leads through none. */
export function statusThrough(router: RoutersTable['status'] | undefined): FloatingIpStatus {
  return router === 'ACTIVE' || router === 'ERROR' ? router : 'DOWN';
}

type Address = { readonly subnet_id: string; readonly ip_address: string };

/** What of a port matters to who wants a floating IP for it. */
export type FixedPort = {
  readonly id: string;
  readonly projectId: string;
  readonly deviceOwner: string;
  readonly fixedIps: readonly Address[];
};

/** The address of a port that a floating IP of the project shall lead to; without one said, its only IPv4 address. */
export function chooseFixedIp(
  port: FixedPort,
  wanted: string | null,
  owner: { readonly projectId: string; readonly anyProject: boolean },
): Address {
  if (port.projectId !== owner.projectId && !owner.anyProject) {
    throw faults.portOfOtherProject(port.id);
  }
  if (port.deviceOwner === DHCP_OWNER) throw faults.portNotServed(port.id);
  if (wanted !== null) {
    if (parseIp(wanted)?.version !== 4) throw faults.fixedIpNotIpv4(wanted);
    const found = port.fixedIps.find(({ ip_address }) => ip_address === wanted);
    if (!found) throw faults.portWithoutFixedIp(port.id, wanted);
    return found;
  }
  const [only, ...more] = ipv4Of(port.fixedIps);
  if (!only) throw faults.portWithoutIpv4(port.id);
  if (more.length > 0) throw faults.portWithSeveralIpv4(port.id);
  return only;
}

export function ipv4Of<A extends { readonly ip_address: string }>(addresses: readonly A[]): A[] {
  return addresses.filter(({ ip_address }) => parseIp(ip_address)?.version === 4);
}

/** A router between a subnet and an external network. */
export type RouterBetween = {
  readonly id: string;
  /** On the subnet. */
  readonly interfaceIp: string;
  readonly subnetGatewayIp: string | null;
};

/** Of routers that could serve, the one that the subnet's guests send to; else the first. */
export function chooseRouter(routers: readonly RouterBetween[]): string | undefined {
  const usual = routers.find(({ interfaceIp, subnetGatewayIp }) => interfaceIp === subnetGatewayIp);
  return (usual ?? routers[0])?.id;
}

/** A name and its domain come together or not at all. */
export function checkDns({
  dns_name: name,
  dns_domain: domain,
}: {
  readonly dns_name: string;
  readonly dns_domain: string;
}): void {
  if (domain !== '' && name === '') throw faults.domainWithoutName();
  if (name !== '' && domain === '') throw faults.nameWithoutDomain();
}
