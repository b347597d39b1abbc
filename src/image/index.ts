/** The image service: Glance v2. What other services may ask of it, and how it is made. */
import type { Blobs } from '#drivers/blobs/blobs.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Service } from '#platform/http/http-app.ts';
import type { Logger } from '#platform/log.ts';
import type { ImageApi } from './image-api.ts';
import { LocalImages } from './local-images.ts';
import { HoldService } from './holds/hold.service.ts';
import { ImageDataService } from './image-data/image-data.service.ts';
import { imageService } from './image-http.routes.ts';
import { ImportService } from './imports/import.service.ts';
import { MemberService } from './members/member.service.ts';
import { TagService } from './tags/tag.service.ts';
import { ImageAccess } from './images/image-access.ts';
import { ImageService } from './images/image.service.ts';
import { imagePolicy } from './policies.ts';
import { QuotaService, type ImageLimits } from './quotas/quota.service.ts';
import { RecoveryService, type Recovered } from './recovery/recovery.service.ts';

export type { ImageApi, ImageFacts, ImageToImport } from './image-api.ts';
export { IMAGE_POLICIES } from './policies.ts';

export type ImageDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly blobs: Blobs;
  /** From `policy.yaml`. */
  readonly policyOverrides: Readonly<Record<string, string>>;
  /** Limits per project that differ from the service's own defaults; -1 is none. */
  readonly limits?: Partial<ImageLimits>;
  /** No image may have more bytes than this; 1 TiB when it is not said. */
  readonly mostBytes?: number;
};

export type ImageParts = {
  readonly api: ImageApi;
  readonly service: Service;
  /** For the start, before the first request: ends what a crash has left half done. */
  readonly recover: () => Promise<Recovered>;
};

const DEFAULT_MOST_BYTES = 2 ** 40;

export function createImage(deps: ImageDeps): ImageParts {
  const { db, blobs, log, now, newId } = deps;
  const policy = imagePolicy(deps.policyOverrides);
  const access = new ImageAccess(policy);
  const quotas = new QuotaService(db, deps.limits);
  const images = new ImageService({ db, blobs, policy, access, quotas, now, newId });
  const mostBytes = deps.mostBytes ?? DEFAULT_MOST_BYTES;
  const data = new ImageDataService({ db, blobs, access, quotas, now, mostBytes });
  const imports = new ImportService({ db, blobs, access, quotas, now, newId, mostBytes });
  const members = new MemberService({ db, access, now });
  const tags = new TagService({ db, access, now });
  const holds = new HoldService({ db, blobs, access });
  const local = new LocalImages({ db, access, images, data });
  const recovery = new RecoveryService({ db, blobs, log, now });
  return {
    api: {
      findImage: (ctx, id) => local.find(ctx, id),
      listImages: (ctx, filters) => local.list(ctx, filters),
      importImage: (ctx, image) => local.import(ctx, image),
      holdBlob: (ctx, imageId, holderId) => holds.hold(ctx, imageId, holderId),
      findHeldBlob: (imageId, holderId) => holds.find(imageId, holderId),
      releaseBlob: (imageId, holderId) => holds.release(imageId, holderId),
    },
    service: imageService({ images, data, imports, members, quotas, tags }),
    recover: () => recovery.recover(),
  };
}
