/** The image service on HTTP: every resource's routes under `/image`, and what they have in common. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { imageDialect } from '#platform/http/fault-bodies.ts';
import { readJson, type Service, type ServiceApp } from '#platform/http/http-app.ts';
import { nothingThere } from './image.faults.ts';
import { imageDataRoutes } from './image-data/image-data.routes.ts';
import type { ImageDataService } from './image-data/image-data.service.ts';
import { importRoutes } from './imports/import.routes.ts';
import type { ImportService } from './imports/import.service.ts';
import { ImageChecker } from './images/image-checker.ts';
import { infoRoutes } from './info/info.routes.ts';
import { memberRoutes } from './members/member.routes.ts';
import type { MemberService } from './members/member.service.ts';
import type { QuotaService } from './quotas/quota.service.ts';
import { schemaRoutes } from './schemas/schema.routes.ts';
import { tagRoutes } from './tags/tag.routes.ts';
import type { TagService } from './tags/tag.service.ts';
import { imageRoutes } from './images/image.routes.ts';
import type { ImageService } from './images/image.service.ts';
import { versionRoutes } from './versions/version.routes.ts';

export type ImageServices = {
  readonly images: ImageService;
  readonly data: ImageDataService;
  readonly imports: ImportService;
  readonly members: MemberService;
  readonly quotas: QuotaService;
  readonly tags: TagService;
};

export function imageService(services: ImageServices): Service {
  const checker = new ImageChecker();
  return {
    prefix: '/image',
    dialect: imageDialect,
    routes: (app) => {
      takeBodies(app);
      hideNullId(app);
      versionRoutes(app);
      imageRoutes(app, services.images, checker);
      imageDataRoutes(app, services.data);
      importRoutes(app, services.imports);
      memberRoutes(app, services.members);
      tagRoutes(app, services.tags, checker);
      schemaRoutes(app);
      infoRoutes(app, services.quotas);
    },
  };
}

/** compat: glance reads JSON whatever the content type says; only the bytes of an image are not JSON. */
function takeBodies(app: ServiceApp): void {
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    if (/\/(file|stage)$/.test(request.routeOptions.url ?? '')) return undefined;
    return await readJson(payload, imageDialect);
  });
}

/** compat: `/v2/images/` is an image without an id to glance, and is not the list. */
function hideNullId(app: ServiceApp): void {
  app.addHook('onRequest', async (request) => {
    if (request.url.split('?')[0] === `${app.prefix}/v2/images/`) throw nothingThere();
  });
}
