/** What a server may boot from, and whether its flavor is large enough for it. Pure. */
import type { ImageFacts } from '#image/index.ts';
import type { DiskTags } from '../metadata/devices.ts';
import * as faults from './server-create.faults.ts';
import type { ServerCreateBody } from './server-create.schema.ts';

const GIB = 2 ** 30;

/** A server boots from a local disk that is made from its image; volumes are not served yet. */
export function checkBoot(server: ServerCreateBody['server']): void {
  const [legacy] = server.block_device_mapping ?? [];
  if (legacy) {
    const id = (legacy as { volume_id?: string }).volume_id ?? '';
    throw faults.blockDeviceInvalid(`failed to get volume ${id}`);
  }
  for (const device of server.block_device_mapping_v2 ?? []) {
    const { source_type: source, destination_type: destination, uuid = '' } = device;
    if (source === 'volume' || source === 'snapshot') {
      throw faults.blockDeviceInvalid(`failed to get ${source} ${uuid}`);
    }
    const boots = source === 'image' && destination !== 'volume' && Number(device.boot_index) === 0;
    if (!boots) {
      throw faults.blockDeviceInvalid('only an image on a local disk can be booted from here');
    }
    if (server.imageRef !== uuid) {
      throw faults.blockDeviceInvalid('the boot device and imageRef name different images');
    }
  }
  if (!server.imageRef) throw faults.imageMissing();
}

/** What the disks of a server that passed `checkBoot` are called by whoever made it. */
export function diskTags(server: ServerCreateBody['server']): DiskTags {
  const [root] = server.block_device_mapping_v2 ?? [];
  return root?.tag === undefined ? {} : { root: root.tag };
}

export function checkFlavorFits(
  flavor: { readonly ram: number; readonly disk: number },
  image: Pick<ImageFacts, 'minRamMib' | 'minDiskGib' | 'sizeBytes' | 'virtualSizeBytes'>,
): void {
  if (flavor.ram < image.minRamMib) throw faults.memoryTooSmall();
  // compat: a flavor without a disk size takes any image.
  if (flavor.disk === 0) return;
  const room = flavor.disk * GIB;
  const needed = Math.max(image.sizeBytes ?? 0, image.virtualSizeBytes ?? 0);
  if (needed > room) throw faults.diskSmallerThanImage(room, needed);
  if (image.minDiskGib * GIB > room) {
    throw faults.diskSmallerThanMinimum(room, image.minDiskGib * GIB);
  }
}

/** Files to put into the guest, until 2.57. */
export function checkPersonality(
  files: readonly { readonly path: string; readonly contents: string }[],
  limits: {
    readonly injected_files: number;
    readonly injected_file_path_bytes: number;
    readonly injected_file_content_bytes: number;
  },
): void {
  if (over(limits.injected_files, files.length)) throw faults.tooManyFiles();
  for (const { path, contents } of files) {
    if (over(limits.injected_file_path_bytes, path.length)) {
      throw faults.filePathTooLong(limits.injected_file_path_bytes);
    }
    const bytes = Math.floor((contents.replaceAll(/[\s=]/g, '').length * 3) / 4);
    if (over(limits.injected_file_content_bytes, bytes)) {
      throw faults.fileTooLong(limits.injected_file_content_bytes);
    }
  }
}

/** compat: a negative limit is none. */
function over(limit: number, size: number): boolean {
  return limit >= 0 && size > limit;
}
