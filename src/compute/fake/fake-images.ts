/** Images in memory, for tests of compute. */
import type { ImageRef } from '#base/host/domain.ts';
import type { Context } from '#platform/context.ts';
import type { ImageApi, ImageFacts } from '#image/index.ts';

export class FakeImages implements Pick<ImageApi, 'findImage' | 'holdBlob' | 'releaseBlob'> {
  readonly images = new Map<string, ImageFacts>();
  /** `image holder` */
  readonly held = new Set<string>();

  add(id: string, change: Partial<ImageFacts> = {}): ImageFacts {
    const image: ImageFacts = {
      id,
      name: 'tiny',
      owner: 'red',
      status: 'active',
      visibility: 'public',
      protected: false,
      sizeBytes: 1000,
      virtualSizeBytes: null,
      minDiskGib: 0,
      minRamMib: 0,
      diskFormat: 'qcow2',
      containerFormat: 'bare',
      kernelId: null,
      ramdiskId: null,
      properties: {},
      tags: [],
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      ...change,
    };
    this.images.set(id, image);
    return image;
  }

  async findImage(_ctx: Context, id: string): Promise<ImageFacts | undefined> {
    return this.images.get(id);
  }

  async holdBlob(_ctx: Context, imageId: string, holderId: string): Promise<ImageRef> {
    this.held.add(`${imageId} ${holderId}`);
    return { id: imageId, format: 'qcow2', path: `blobs/${imageId}`, sizeBytes: 1000 };
  }

  async releaseBlob(imageId: string, holderId: string): Promise<void> {
    this.held.delete(`${imageId} ${holderId}`);
  }
}
