/** What a server boots from and is told of itself, put together once, when it is built. */
import type { Context } from '#platform/context.ts';
import { listInterfaces } from '../interfaces/interface.store.ts';
import { serverContent } from '../metadata/server-content.ts';
import { kernelCommandLine } from './plan-domain.ts';
import type { ServerSagaDeps } from './server-saga-deps.ts';
import {
  imagePropertiesOf,
  type BootFacts,
  type DriveFacts,
  type ServerRow,
} from './server-row.ts';

type BootDeps = Pick<
  ServerSagaDeps,
  'db' | 'image' | 'network' | 'newSeed' | 'vendorData' | 'configDriveFormat'
>;

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
    drive: server.config_drive === 1 ? await driveFacts(deps, ctx, server) : null,
  };
}

async function driveFacts(deps: BootDeps, ctx: Context, server: ServerRow): Promise<DriveFacts> {
  const cards = await listInterfaces(deps.db, server.id);
  const content = await serverContent(deps, ctx, { server, cards });
  const { metaData, ec2, networkData, vendorData } = content;
  return { metaData, ec2, networkData, vendorData, format: deps.configDriveFormat };
}
