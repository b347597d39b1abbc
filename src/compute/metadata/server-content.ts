/** Gathers what a server is told about itself, from its rows and from the network. */
import type { Json } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { NetworkApi, PortFacts } from '#network/network-api.ts';
import type { InterfaceRow } from '../interfaces/interface.store.ts';
import {
  diskTagsOf,
  flavorOf,
  keypairOf,
  metadataOf,
  personalityOf,
  type ServerRow,
} from '../servers/server-row.ts';
import type { MetadataContent } from './content.ts';
import { tagsOfDevices } from './devices.ts';
import { ec2Data } from './ec2-data.ts';
import { metaData } from './meta-data.ts';
import { networkData, showsUnaddressed, type NicFacts } from './network-data.ts';

export type ServerContentDeps = {
  readonly network: Pick<NetworkApi, 'portsOf' | 'findNetworks'>;
  /** 512 random bytes as base64, for guests without randomness of their own. */
  readonly newSeed: () => string;
  /** What the operator tells every server. */
  readonly vendorData: Json;
};

/** `ctx` is an internal one: networks and ports of others may be among the server's own. */
export async function serverContent(
  deps: ServerContentDeps,
  ctx: Context,
  { server, cards }: { readonly server: ServerRow; readonly cards: readonly InterfaceRow[] },
): Promise<MetadataContent> {
  const { network, newSeed, vendorData } = deps;
  const ports = (await network.portsOf(ctx, [server.id])).get(server.id) ?? [];
  const ids = [...new Set(cards.map((card) => card.network_id))];
  const networks = ids.length === 0 ? [] : await network.findNetworks(ctx, ids);
  const nics = cards.flatMap((card): NicFacts[] => {
    const port = ports.find(({ id }) => id === card.port_id);
    const facts = networks.find(({ id }) => id === card.network_id);
    return port && facts ? [{ port, network: facts }] : [];
  });
  const own = nics.map(({ port }) => port);
  const flavor = flavorOf(server);
  const keypair = keypairOf(server);
  const files = personalityOf(server);
  const metadata = metadataOf(server);
  return {
    metaData: metaData({
      id: server.id,
      name: server.name,
      hostname: server.hostname,
      projectId: server.project_id,
      availabilityZone: server.availability_zone,
      launchIndex: server.launch_index,
      metadata,
      keypair,
      randomSeed: newSeed(),
      devices: tagsOfDevices(cards, diskTagsOf(server)),
      files,
    }),
    ec2: ec2Data({
      number: server.number,
      hostname: server.hostname,
      imageId: server.image_id,
      kernelId: server.kernel_id,
      ramdiskId: server.ramdisk_id,
      launchIndex: server.launch_index,
      reservationId: server.reservation_id,
      availabilityZone: server.availability_zone,
      flavorName: flavor.name,
      ephemeralGib: flavor.ephemeral,
      keypair,
      securityGroups: groupNames(own),
      localIpv4: firstIpv4(own),
      publicIpv4: own.flatMap((port) => port.floatingIps)[0]?.ip ?? '',
    }),
    networkData: networkData(nics, { unaddressed: showsUnaddressed(metadata) }),
    vendorData,
    userData: server.user_data,
    files,
  };
}

/** Each once, in the order of the cards. */
function groupNames(ports: readonly PortFacts[]): readonly string[] {
  return [...new Set(ports.flatMap((port) => port.securityGroups.map(({ name }) => name)))];
}

function firstIpv4(ports: readonly PortFacts[]): string {
  const addresses = ports.flatMap((port) => port.fixedIps.map(({ ip }) => ip));
  return addresses.find((ip) => !ip.includes(':')) ?? '';
}
