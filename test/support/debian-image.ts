/** The Debian guest with cloud-init for tests: made by the set-up of the tests, or here, and kept in the user's cache. */
import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findControl } from '#app/control-record.ts';
import { buildDebianImage, type DebianImage } from '#drivers/guest-image/debian/debian-image.ts';
import { defaultCacheDir } from '#platform/config.ts';
import { logIn } from './http-client.ts';
import type { RealCloud } from './real-cloud.ts';

/** The image, found in the cache or built there. Only root can build it. */
export async function findDebianImage(signal: AbortSignal): Promise<DebianImage> {
  const cacheDir = defaultCacheDir(process.env, process.getuid?.() === 0);
  const outputDir = join(cacheDir, 'debian');
  return await buildDebianImage({ outputDir, cacheDir, signal, log: () => undefined });
}

/** Uploads a qcow2 disk as an image of the project `demo`, as any client does. Returns its id. */
export async function uploadImage(cloud: RealCloud, name: string, path: string): Promise<string> {
  const client = await cloud.as('demo');
  const wanted = { name, disk_format: 'qcow2', container_format: 'bare' };
  const { body, status, text } = await client.send('POST', '/image/v2/images', wanted);
  assert.equal(status, 201, text);
  const url = findControl(cloud.stateDir)?.url ?? '';
  const password = await readFile(join(cloud.stateDir, 'demo-password'), 'utf8');
  const answer = await fetch(`${url}/image/v2/images/${body.id}/file`, {
    method: 'PUT',
    headers: {
      'x-auth-token': await logIn(url, 'demo', password.trim()),
      'content-type': 'application/octet-stream',
    },
    body: await openAsBlob(path),
  });
  assert.equal(answer.status, 204, await answer.text());
  return body.id as string;
}
