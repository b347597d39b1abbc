/** Images for the rest of the program: looked up and imported without HTTP. */
import { createReadStream } from 'node:fs';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ImageDataService } from './image-data/image-data.service.ts';
import { duplicateImage } from './image.faults.ts';
import type { ImageAccess } from './images/image-access.ts';
import type { ImageService } from './images/image.service.ts';
import type { ImageObject } from './images/image.schema.ts';
import type { Image } from './images/image-model.ts';
import { findImage } from './images/image.store.ts';
import { listImages } from './images/image-list.store.ts';
import type { ImageFacts, ImageToImport } from './image-api.ts';

export type LocalImagesDeps = {
  readonly db: Db;
  readonly access: ImageAccess;
  readonly images: ImageService;
  readonly data: ImageDataService;
};

export class LocalImages {
  readonly #deps: LocalImagesDeps;

  constructor(deps: LocalImagesDeps) {
    this.#deps = deps;
  }

  async find(ctx: Context, id: string): Promise<ImageFacts | undefined> {
    const image = await this.#deps.access.findSeen(ctx, this.#deps.db, id);
    return image && factsOf(image);
  }

  async list(ctx: Context, { name }: { readonly name?: string } = {}): Promise<ImageFacts[]> {
    const { db, access } = this.#deps;
    const viewer = {
      admin: access.isAdmin(ctx),
      projectId: ctx.projectId,
      memberStatus: 'accepted' as const,
    };
    const images = await listImages(
      db,
      viewer,
      [
        { kind: 'visibility', visibility: 'all' },
        ...(name === undefined
          ? []
          : [{ kind: 'one-of' as const, column: 'name' as const, values: [name] }]),
      ],
      { limit: null, marker: null, sort: [{ key: 'created_at', dir: 'desc' }], reverse: false },
    );
    return images.map(factsOf);
  }

  async import(ctx: Context, wanted: ImageToImport): Promise<ImageFacts> {
    const { db, images, data } = this.#deps;
    const before = wanted.id === undefined ? undefined : await findImage(db, wanted.id);
    // A first start that was cut off between the two steps is taken up at the second.
    if (before && before.status !== 'queued') {
      if (before.status === 'active') return factsOf(before);
      throw duplicateImage(before.id);
    }
    const image = before ?? (await images.create(ctx, objectOf(wanted)));
    const bytes =
      'path' in wanted.from
        ? createReadStream(wanted.from.path, { highWaterMark: 1 << 20, signal: ctx.signal })
        : wanted.from.bytes;
    await data.store(image, bytes);
    return factsOf((await findImage(db, image.id)) ?? image);
  }
}

function objectOf(wanted: ImageToImport): ImageObject {
  return {
    ...wanted.properties,
    ...(wanted.id === undefined ? {} : { id: wanted.id }),
    ...(wanted.tags === undefined ? {} : { tags: [...wanted.tags] }),
    name: wanted.name,
    disk_format: wanted.diskFormat as NonNullable<ImageObject['disk_format']>,
    container_format: wanted.containerFormat as NonNullable<ImageObject['container_format']>,
    visibility: wanted.visibility ?? 'shared',
    protected: wanted.protected ?? false,
    min_disk: wanted.minDiskGib ?? 0,
    min_ram: wanted.minRamMib ?? 0,
  };
}

function factsOf(image: Image): ImageFacts {
  return {
    id: image.id,
    name: image.name,
    owner: image.owner,
    status: image.status,
    visibility: image.visibility,
    protected: image.protected === 1,
    sizeBytes: image.size,
    virtualSizeBytes: image.virtual_size,
    minDiskGib: image.min_disk,
    minRamMib: image.min_ram,
    diskFormat: image.disk_format,
    containerFormat: image.container_format,
    kernelId: image.properties['kernel_id'] ?? null,
    ramdiskId: image.properties['ramdisk_id'] ?? null,
    properties: image.properties,
    tags: image.tags,
    createdAt: image.created_at,
    updatedAt: image.updated_at,
  };
}
