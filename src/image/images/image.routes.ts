/** /v2/images: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { bodyExpected, unexpectedBody } from '../image.faults.ts';
import type { ImageService } from './image.service.ts';
import { ImageObject } from './image.schema.ts';
import type { Image } from './image-model.ts';

export const IMPORT_METHODS = ['glance-direct', 'web-download'] as const;
/** The one store that there is; its name is what clients see in `stores`. */
export const STORE = 'file';

const Params = Type.Object({ id: Type.String() });

export function imageRoutes(app: ServiceApp, images: ImageService): void {
  app.post(
    '/v2/images',
    {
      config: { policy: 'add_image' },
      schema: { body: ImageObject },
      preValidation: async (request) => {
        if (request.body === undefined || request.body === null) throw bodyExpected();
        if (typeof request.body !== 'object') throw unexpectedBody();
      },
    },
    async (request, reply) => {
      const image = await images.create(request.ctx, request.body);
      const base = `${request.protocol}://${request.host}${app.prefix}`;
      return await reply
        .code(201)
        .header('location', `${base}/v2/images/${image.id}`)
        .header('openstack-image-import-methods', IMPORT_METHODS.join(','))
        .header('openstack-image-store-ids', STORE)
        .send(viewImage(image));
    },
  );

  app.get(
    '/v2/images/:id',
    { config: { policy: 'get_image' }, schema: { params: Params } },
    async (request) => viewImage(await images.get(request.ctx, request.params.id)),
  );

  app.delete(
    '/v2/images/:id',
    { config: { policy: 'delete_image' }, schema: { params: Params } },
    async (request, reply) => {
      await images.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );

  for (const verb of ['deactivate', 'reactivate'] as const) {
    app.post(
      `/v2/images/:id/actions/${verb}`,
      { config: { policy: verb }, schema: { params: Params } },
      async (request, reply) => {
        await images[verb](request.ctx, request.params.id);
        return await reply.code(204).send();
      },
    );
  }
}

/** The image as callers see it: its custom properties beside its own attributes. */
export function viewImage(image: Image): Record<string, unknown> {
  const self = `/v2/images/${image.id}`;
  const stored = image.status === 'active' && image.blob !== null;
  return {
    ...image.properties,
    name: image.name,
    disk_format: image.disk_format,
    container_format: image.container_format,
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtual_size,
    status: image.status,
    checksum: image.checksum,
    protected: image.protected === 1,
    min_ram: image.min_ram,
    min_disk: image.min_disk,
    owner: image.owner,
    os_hidden: image.os_hidden === 1,
    os_hash_algo: image.os_hash_algo,
    os_hash_value: image.os_hash_value,
    id: image.id,
    created_at: viewTime(image.created_at),
    updated_at: viewTime(image.updated_at),
    tags: image.tags,
    // compat: glance leaves the prefix of its own address out of these.
    self,
    file: `${self}/file`,
    schema: '/v2/schemas/image',
    ...(stored ? { stores: STORE } : {}),
  };
}

/** Glance shows whole seconds. */
export function viewTime(iso: string): string {
  return `${iso.slice(0, 19)}Z`;
}
