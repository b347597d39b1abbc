/** /v2/images/{id}/file: the bytes, streamed in both directions. */
import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { badImageSize, notOctets, unknownStore } from '../image.faults.ts';
import { STORE } from '../imports/import.rules.ts';
import type { ImageDataService } from './image-data.service.ts';
import type { ImageBytes } from './intake.ts';

const Params = Type.Object({ id: Type.String() });

/** How long, and how far, the rest of a refused upload is read so that the client gets to see why. */
const LINGER_MS = 5_000;
const LINGER_BYTES = 1 << 30;

export function imageDataRoutes(app: ServiceApp, data: ImageDataService): void {
  app.put(
    '/v2/images/:id/file',
    { config: { policy: 'upload_image' }, schema: { params: Params } },
    async (request, reply) => {
      await receive(request.raw, async (bytes, announced) => {
        await data.upload(request.ctx, request.params.id, bytes, announced);
      });
      return await reply.code(204).send();
    },
  );

  app.get(
    '/v2/images/:id/file',
    // A HEAD route of its own accord would read the whole image to throw it away.
    {
      config: { policy: 'download_image' },
      schema: { params: Params },
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const { range } = request.headers;
      const download = await data.download(request.ctx, request.params.id, range);
      if (!download) return await reply.code(204).send();
      if (download.contentRange !== null) {
        reply.code(206).header('content-range', download.contentRange);
      }
      if (download.checksum !== null) reply.header('content-md5', download.checksum);
      return await reply
        .type('application/octet-stream')
        .header('content-length', download.length)
        .send(download.bytes);
    },
  );
}

/** Hands an upload on when it is one; when it is refused, the client may finish talking before it is told. */
export async function receive(
  raw: IncomingMessage,
  upload: (bytes: ImageBytes, announced: number | null) => Promise<void>,
): Promise<void> {
  const type = raw.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/octet-stream') throw notOctets(type);
  const store = raw.headers['x-image-meta-store'];
  if (typeof store === 'string' && store !== STORE) throw unknownStore(store);
  try {
    // Left alone when reading stops early: closing the stream would close the connection under the answer.
    await upload(raw.iterator({ destroyOnReturn: false }), announcedSize(raw));
  } catch (error) {
    await linger(raw);
    throw error;
  }
}

function announcedSize(raw: IncomingMessage): number | null {
  const text = raw.headers['x-openstack-image-size'] ?? raw.headers['content-length'];
  if (text === undefined) return null;
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) throw badImageSize();
  return Number(text) || null;
}

/**
 * Reads on for a while and forgets what comes: many clients look for an answer only when all is sent,
 * and would see nothing but a broken connection.
 */
async function linger(raw: IncomingMessage): Promise<void> {
  if (raw.readableEnded || raw.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS);
  let left = LINGER_BYTES;
  raw.on('data', (bytes: Buffer) => {
    left -= bytes.length;
    if (left <= 0) resolve();
  });
  for (const event of ['end', 'close', 'error']) raw.once(event, () => resolve());
  raw.resume();
  await promise;
  clearTimeout(timer);
}
