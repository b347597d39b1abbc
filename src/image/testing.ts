/** For tests: a whole image service on a database of its own. A token is `project` or `project:role,role`. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { FileBlobs } from '#drivers/blobs/file/file-blobs.ts';
import { internalContext } from '#platform/context.ts';
import { openDatabase } from '#platform/db/database.ts';
import { createHttpApp } from '#platform/http/http-app.ts';
import { testIdentity } from '#platform/http/test-identity.ts';
import { newUuid } from '#platform/ids.ts';
import { silentLog } from '#platform/log.ts';
import { createImage, type ImageDeps } from './index.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

/** What tests read of an answer. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look at whatever came back
  readonly body: any;
};

type Sent = { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

export const OCTETS = { 'content-type': 'application/octet-stream' };
export const JSON_PATCH = { 'content-type': 'application/openstack-images-v2.1-json-patch' };

export async function startImage(
  options: Partial<Pick<ImageDeps, 'blobs' | 'limits' | 'mostBytes' | 'policyOverrides'>> = {},
) {
  const stateDir = await mkdtemp(join(tmpdir(), 'image-'));
  const db = await openDatabase(':memory:');
  const stop = new AbortController();
  const log = silentLog();
  let seconds = 0;
  const made = createImage({
    db,
    log,
    // Each look at the clock is a second later, so that no two images are of the same age.
    now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds++)),
    newId: newUuid,
    blobs: new FileBlobs(join(stateDir, 'images')),
    policyOverrides: {},
    ...options,
  });
  const app = createHttpApp({
    services: [made.service],
    log,
    authenticate: async (token) => testIdentity(token),
    authUrl: () => 'http://127.0.0.1/identity',
    signal: stop.signal,
  });
  const as = (token: string) => {
    const send = async (method: Method, path: string, { body, headers }: Sent = {}) => {
      const response = await app.inject({
        method,
        url: `/image${path}`,
        headers: { 'x-auth-token': token, accept: 'application/json', ...headers },
        ...(body === undefined ? {} : { payload: body as string | object | Buffer | Readable }),
      });
      const type = response.headers['content-type'];
      const isJson = type === 'application/json' && response.payload !== '';
      const body_ = isJson ? response.json<unknown>() : null;
      const { statusCode: status, payload: text } = response;
      return { status, headers: response.headers, text, body: body_ } as Answer;
    };
    return {
      send,
      get: async (path: string) => await send('GET', path),
      post: async (path: string, body?: unknown) => await send('POST', path, { body }),
      put: async (path: string, body?: unknown) => await send('PUT', path, { body }),
      delete: async (path: string) => await send('DELETE', path),
      patch: async (id: string, body: unknown) =>
        await send('PATCH', `/v2/images/${id}`, {
          body: JSON.stringify(body),
          headers: JSON_PATCH,
        }),
      upload: async (id: string, bytes: Buffer | Readable, where: 'file' | 'stage' = 'file') =>
        await send('PUT', `/v2/images/${id}/${where}`, { body: bytes, headers: OCTETS }),
      /** Creates an image and returns what was answered; raw and bare unless the test says otherwise. */
      make: async (image: Record<string, unknown> = {}) => {
        const body = { disk_format: 'raw', container_format: 'bare', ...image };
        const answer = await send('POST', '/v2/images', { body });
        if (answer.status !== 201) throw new Error(`image not created: ${answer.text}`);
        return answer.body as Record<string, unknown> & { id: string };
      },
    };
  };
  return {
    ...made,
    app,
    db,
    as,
    /** The context of work that the cloud does by itself. */
    ctx: internalContext(log, stop.signal, 'red'),
    stateDir,
    /** The files that hold images, finished or not. */
    files: async (): Promise<string[]> => await readdir(join(stateDir, 'images')).catch(() => []),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await app.close();
      await db.destroy();
      await rm(stateDir, { recursive: true });
    },
  };
}

/** Part of a qcow2 header that `qemu-img` would have written. */
export function qcow2Bytes(options: { backing?: boolean; size?: bigint } = {}): Buffer {
  const header = Buffer.alloc(64 * 1024 * 3);
  header.write('514649fb', 'hex');
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(options.backing === true ? 512n : 0n, 8);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(options.size ?? 1n << 24n, 24);
  header.writeUInt32BE(104, 100);
  return header;
}

/** Resolves when the condition holds; the test's own time limit ends a wait in vain. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}
