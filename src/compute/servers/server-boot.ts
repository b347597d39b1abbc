/** What a server boots from and is told of itself, put together once, when it is built. */
import type { JsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import { tagsOfDevices } from '../metadata/devices.ts';
import { metaData } from '../metadata/meta-data.ts';
import { networkData } from '../metadata/network-data.ts';
import { pciAddressOf } from '../metadata/devices.ts';
import { listInterfaces } from '../interfaces/interface.store.ts';
import { kernelCommandLine, personalityOf } from './plan-domain.ts';
import type { ServerSagaDeps } from './server-saga-deps.ts';
import {
  imagePropertiesOf,
  keypairOf,
  metadataOf,
  type BootFacts,
  type DriveFacts,
  type ServerRow,
} from './server-row.ts';

type BootDeps = Pick<ServerSagaDeps, 'db' | 'image' | 'network' | 'newSeed' | 'forceConfigDrive'>;

/** Holds the bytes of the server's images and gathers the rest. Safe to repeat. */
export async function prepareBoot(
  deps: BootDeps,
  ctx: Context,
  server: ServerRow,
): Promise<BootFacts> {
  const hold = async (imageId: string) => await deps.image.holdBlob(ctx, imageId, server.id);
  const disk = await hold(server.image_id);
  const kernel = server.kernel_id === '' ? null : await hold(server.kernel_id);
  return {
    disk,
    kernel: kernel && {
      image: kernel,
      commandLine: kernelCommandLine(imagePropertiesOf(server)['os_command_line']),
    },
    ramdisk: server.ramdisk_id === '' ? null : await hold(server.ramdisk_id),
    drive:
      server.config_drive === 1 || deps.forceConfigDrive
        ? await driveFacts(deps, ctx, server)
        : null,
  };
}

async function driveFacts(deps: BootDeps, ctx: Context, server: ServerRow): Promise<DriveFacts> {
  const cards = await listInterfaces(deps.db, server.id);
  const ports = (await deps.network.portsOf(ctx, [server.id])).get(server.id) ?? [];
  const ids = [...new Set(cards.map((card) => card.network_id))];
  const networks = ids.length === 0 ? [] : await deps.network.findNetworks(ctx, ids);
  const nics = cards.flatMap((card) => {
    const port = ports.find(({ id }) => id === card.port_id);
    const network = networks.find(({ id }) => id === card.network_id);
    return port && network ? [{ port, network }] : [];
  });
  const told: JsonObject = metaData(
    {
      id: server.id,
      name: server.name,
      hostname: server.hostname,
      projectId: server.project_id,
      availabilityZone: server.availability_zone,
      launchIndex: server.launch_index,
      metadata: metadataOf(server),
      keypair: keypairOf(server),
      randomSeed: deps.newSeed(),
      devices: tagsOfDevices(cards),
      files: personalityOf(server),
    },
    pciAddressOf,
  );
  return { metaData: told, networkData: networkData(nics) };
}
