/** The parts of building a server that its saga does and undoes: cards with their ports, and image bytes. */
import type { Context } from '#platform/context.ts';
import { flag } from '#platform/db/tables.ts';
import type { ImageApi } from '#image/index.ts';
import type { NetworkApi, NetworkFacts, PortDevice, PortFacts } from '#network/network-api.ts';
import type { InterfaceRow } from '../interfaces/interface.store.ts';
import * as faults from './server-network.faults.ts';
import type { ServerRow } from './server-row.ts';

/** One card that a server shall have. Ports that are made have their id from the start. */
export type NicPlan = {
  readonly portId: string;
  /** True for a port that its owner made, and that stays when the server goes. */
  readonly given: boolean;
  readonly networkId: string;
  readonly fixedIp: string | null;
  readonly tag: string | null;
};

export type CardsWanted = {
  readonly server: ServerRow;
  readonly host: string;
  readonly zone: string;
  readonly nics: readonly NicPlan[];
  readonly securityGroups: readonly string[] | null;
  /** The caller may put servers on external networks that are not shared. */
  readonly externalAllowed: boolean;
};

/** Makes and binds every port of a server: all that are made before all that are given. */
export async function ensureCards(
  network: NetworkApi,
  ctx: Context,
  { server, host, zone, nics, securityGroups, externalAllowed }: CardsWanted,
): Promise<readonly InterfaceRow[]> {
  if (nics.length === 0) return [];
  const device: PortDevice = {
    deviceId: server.id,
    deviceOwner: `compute:${zone}`,
    host,
    hostname: server.hostname,
  };
  const ids = [...new Set(nics.map(({ networkId }) => networkId))];
  const networks = new Map(
    (await network.findNetworks(ctx, ids)).map((found) => [found.id, found]),
  );
  for (const nic of nics) {
    const facts = networks.get(nic.networkId);
    if (!facts) throw faults.networkGone(nic.networkId);
    if (facts.external && !facts.shared && !externalAllowed) {
      throw faults.externalNetworkForbidden(facts.id);
    }
    const port = nic.given ? await usablePort(network, ctx, nic.portId, device) : undefined;
    checkGroups(facts, port, securityGroups);
  }
  const ports = new Map<string, PortFacts>();
  for (const nic of nics.filter(({ given }) => !given)) {
    const { portId, networkId, fixedIp } = nic;
    const wanted = {
      id: portId,
      projectId: server.project_id,
      networkId,
      fixedIp,
      securityGroups,
    };
    ports.set(portId, await network.ensurePort(ctx, wanted, device));
  }
  for (const { portId } of nics.filter(({ given }) => given)) {
    ports.set(portId, await network.ensurePortBound(ctx, portId, device));
  }
  return nics.map((nic, index) => {
    const port = ports.get(nic.portId);
    if (!port) throw new Error(`port '${nic.portId}' was not made`);
    if (port.vifType === 'binding_failed') throw faults.bindingFailed(port.id);
    return {
      port_id: nic.portId,
      server_id: server.id,
      network_id: port.networkId,
      mac: port.mac,
      mtu: networks.get(port.networkId)?.mtu ?? 1500,
      slot: index,
      position: index,
      tag: nic.tag,
      preserve_on_delete: flag(nic.given),
      state: 'attached' as const,
    };
  });
}

/** A port of the owner's, when this server may have it. */
export async function usablePort(
  network: NetworkApi,
  ctx: Context,
  portId: string,
  device: Pick<PortDevice, 'deviceId' | 'hostname'>,
): Promise<PortFacts> {
  const port = await network.findPort(ctx, portId);
  if (!port) throw faults.portGone(portId);
  if (port.projectId !== ctx.projectId) throw faults.portNotUsable(portId, device.deviceId);
  if (port.deviceId !== '' && port.deviceId !== device.deviceId) throw faults.portInUse(portId);
  if (port.dnsName !== '' && port.dnsName !== device.hostname && port.deviceId === '') {
    throw faults.portNameMismatch(portId, device.deviceId, port.dnsName, device.hostname);
  }
  return port;
}

/**
 * Groups filter addresses, so a network with port security wants a subnet. Unlike Nova, a port whose own
 * port security is off, or that has no groups, is let through: nothing would be filtered.
 */
export function checkGroups(
  network: Pick<NetworkFacts, 'portSecurityEnabled' | 'subnets'>,
  port: Pick<PortFacts, 'portSecurityEnabled' | 'securityGroups'> | undefined,
  securityGroups: readonly string[] | null,
): void {
  const filtered =
    port === undefined || (port.portSecurityEnabled && port.securityGroups.length > 0);
  if (network.portSecurityEnabled && network.subnets.length === 0 && filtered) {
    throw faults.securityGroupsCannotApply();
  }
  const named = securityGroups !== null && securityGroups.length > 0;
  if (!network.portSecurityEnabled && port === undefined && named) {
    throw faults.securityGroupsCannotApply();
  }
}

/** Gives every port back: deletes those that were made, lets go of those that were given. */
export async function releaseCards(
  network: NetworkApi,
  ctx: Context,
  {
    serverId,
    nics,
  }: { readonly serverId: string; readonly nics: readonly Pick<NicPlan, 'portId' | 'given'>[] },
): Promise<void> {
  for (const { portId, given } of nics) {
    if (given) await network.ensurePortUnbound(ctx, portId, serverId);
    else await network.ensurePortAbsent(ctx, portId, serverId);
  }
}

type Images = Pick<ServerRow, 'image_id' | 'kernel_id' | 'ramdisk_id'>;

/** Lets go of the bytes of a server's images, but for those that it has `kept`. */
export async function releaseImages(
  image: Pick<ImageApi, 'releaseBlob'>,
  server: Images & Pick<ServerRow, 'id'>,
  kept?: Images,
): Promise<void> {
  const keeps = new Set(['', kept?.image_id, kept?.kernel_id, kept?.ramdisk_id]);
  for (const id of [server.image_id, server.kernel_id, server.ramdisk_id]) {
    if (!keeps.has(id)) await image.releaseBlob(id, server.id);
  }
}
