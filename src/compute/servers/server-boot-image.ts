/** The image that a server's disks are made from, as it is found and as it is kept with the server. */
import type { Fault } from '#platform/fault.ts';
import type { Context } from '#platform/context.ts';
import type { ImageApi, ImageFacts } from '#image/index.ts';
import { imageNotActive } from './server-create.faults.ts';
import type { ServerRow } from './server-row.ts';

/** The columns that say of which images a server's disks are. */
export type ImageColumns = Pick<
  ServerRow,
  'image_id' | 'kernel_id' | 'ramdisk_id' | 'image_properties'
>;

/** Refuses an image that is not there, with its kernel and ramdisk, or that has no bytes yet. */
export async function findBootImage(
  images: Pick<ImageApi, 'findImage'>,
  ctx: Context,
  id: string,
  notFound: () => Fault,
): Promise<ImageFacts> {
  const image = await images.findImage(ctx, id);
  if (!image) throw notFound();
  if (image.status !== 'active') throw imageNotActive(id);
  for (const part of [image.kernelId, image.ramdiskId]) {
    if (part !== null && !(await images.findImage(ctx, part))) throw notFound();
  }
  return image;
}

export function imageColumns(image: ImageFacts): ImageColumns {
  return {
    image_id: image.id,
    kernel_id: image.kernelId ?? '',
    ramdisk_id: image.ramdiskId ?? '',
    image_properties: JSON.stringify(imageSnapshot(image)),
  };
}

/** What 2.98 shows of the image: its properties as they were, all as text. */
function imageSnapshot(image: ImageFacts): Record<string, string> {
  const properties = Object.entries(image.properties).filter(([, value]) => value !== null);
  return {
    ...(Object.fromEntries(properties) as Record<string, string>),
    base_image_ref: image.id,
    container_format: image.containerFormat ?? '',
    disk_format: image.diskFormat ?? '',
    min_disk: String(image.minDiskGib),
    min_ram: String(image.minRamMib),
  };
}
