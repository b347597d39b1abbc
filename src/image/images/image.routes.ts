/** /v2/images: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { listOf, type Query } from '#platform/http/list-query.ts';
import { bodyExpected, unexpectedBody } from '../image.faults.ts';
import { IMPORT_METHODS, STORE } from '../imports/import.rules.ts';
import type { ImageChecker } from './image-checker.ts';
import { checkPatchType, parsePatch, PATCH_TYPES } from './image-patch.rules.ts';
import type { ImageService } from './image.service.ts';
import { ImageObject } from './image.schema.ts';
import type { Image } from './image-model.ts';

const Params = Type.Object({ id: Type.String() });

export function imageRoutes(app: ServiceApp, images: ImageService, checker: ImageChecker): void {
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

  app.get('/v2/images', { config: { policy: 'get_images' } }, async (request) => {
    const query = request.query as Query;
    const { images: found, more } = await images.list(request.ctx, query);
    const marker = more ? found.at(-1)?.id : undefined;
    return {
      images: found.map(viewImage),
      first: listLink(query),
      schema: '/v2/schemas/images',
      ...(marker === undefined ? {} : { next: listLink(query, marker) }),
    };
  });

  app.get(
    '/v2/images/:id',
    { config: { policy: 'get_image' }, schema: { params: Params } },
    async (request) => viewImage(await images.get(request.ctx, request.params.id)),
  );

  app.patch(
    '/v2/images/:id',
    {
      config: { policy: 'modify_image' },
      schema: { params: Params },
      // Before the body is read: in a wrong type it may be anything.
      onRequest: async (request, reply) => {
        reply.header('accept-patch', PATCH_TYPES.join(', '));
        checkPatchType(request.headers['content-type']);
        reply.removeHeader('accept-patch');
      },
    },
    async (request) => {
      const type = checkPatchType(request.headers['content-type']);
      const steps = parsePatch(request.body, type, (partial) => checker.check(partial));
      return viewImage(await images.update(request.ctx, request.params.id, steps));
    },
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

/** This list again, from its beginning or after a marker. */
function listLink(query: Query, marker?: string): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (name !== 'marker') for (const item of listOf(value)) params.append(name, item);
  }
  if (marker !== undefined) params.set('marker', marker);
  const text = params.toString();
  return text === '' ? '/v2/images' : `/v2/images?${text}`;
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
