/** What `radvd` is told: pure text from a router's interfaces. */
import type { AdvertisedSubnet, RouterInterfaceSpec, RouterSpec } from '#base/host/routers.ts';
import { linksOf } from './router-facts.ts';
import { routerInterfaceName } from '../names.ts';

/** As in Neutron, in seconds. */
const MIN_INTERVAL = 30;
const MAX_INTERVAL = 100;

/** Empty when the router has nothing to advertise. */
export function radvdConf(router: RouterSpec): string {
  const there = new Set(linksOf(router).map((link) => link.portId));
  return router.interfaces
    .filter((one) => there.has(one.portId) && one.advertised.length > 0)
    .map(interfaceText)
    .join('');
}

function interfaceText({ portId, mtu, advertised }: RouterInterfaceSpec): string {
  const has = (...modes: readonly AdvertisedSubnet['mode'][]) =>
    advertised.some((subnet) => modes.includes(subnet.mode));
  const servers = [...new Set(advertised.flatMap((subnet) => subnet.dnsNameservers))];
  const lines = [
    'AdvSendAdvert on;',
    `MinRtrAdvInterval ${MIN_INTERVAL};`,
    `MaxRtrAdvInterval ${MAX_INTERVAL};`,
    `AdvLinkMTU ${mtu};`,
    // A link has one such flag: guests on its other subnets learn nothing new from a DHCP server.
    ...(has('dhcpv6-stateful') ? ['AdvManagedFlag on;'] : []),
    ...(has('dhcpv6-stateful', 'dhcpv6-stateless') ? ['AdvOtherConfigFlag on;'] : []),
    ...advertised.map(prefixText),
    ...chunks(
      servers.filter((server) => server.includes(':')),
      MOST_SERVERS,
    ).map((some) => `RDNSS ${some.join(' ')} {};`),
  ];
  const text = lines.map((line) => `  ${line}\n`).join('');
  return `interface ${routerInterfaceName(portId)} {\n${text}};\n`;
}

/** What radvd takes in one option. */
const MOST_SERVERS = 3;

function prefixText({ cidr, mode }: AdvertisedSubnet): string {
  const autonomous = mode === 'dhcpv6-stateful' ? 'off' : 'on';
  return `prefix ${cidr} { AdvOnLink on; AdvAutonomous ${autonomous}; };`;
}

function chunks<T>(some: readonly T[], size: number): readonly (readonly T[])[] {
  return some.flatMap((_, index) => (index % size === 0 ? [some.slice(index, index + size)] : []));
}
