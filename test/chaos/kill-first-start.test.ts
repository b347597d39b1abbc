/** `kill -9` of control during its first start: the next start finishes it and makes nothing twice. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

/** What is on disk at the moment of the blow, from early to late. */
const MOMENTS = [
  'stackyard.db',
  'admin-password',
  'images',
  'images/*',
  'demo-password',
  'demo-key',
  'clouds.yaml',
];

const isThere = (path: string) =>
  path.endsWith('/*')
    ? existsSync(path.slice(0, -2)) && readdirSync(path.slice(0, -2)).length > 0
    : existsSync(path);

test('a first start is killed again and again, each time a little later', async () => {
  await using cloud = await RealCloud.make();
  for (const moment of MOMENTS) {
    const ended = cloud.launch();
    await waitFor(moment, () => isThere(join(cloud.stateDir, moment)));
    await cloud.kill('control');
    assert.equal((await ended).signal, 'SIGKILL', `killed when there was ${moment}`);
  }
  await cloud.up();
  const demo = await cloud.as('demo');
  const { images } = await demo.get('/image/v2/images');
  const { networks } = await demo.get('/networking/v2.0/networks');
  const { subnets } = await demo.get('/networking/v2.0/subnets');
  const { keypairs } = await demo.get('/compute/v2.1/os-keypairs');
  const { flavors } = await demo.get('/compute/v2.1/flavors');
  const names = new Set(flavors.map((flavor: { name: string }) => flavor.name));
  assert.deepEqual(
    [images, networks, subnets, keypairs].map((list: { length: number }) => list.length),
    [1, 1, 1, 1],
  );
  assert.equal(names.size, flavors.length, 'each flavor once');
  assert.equal(readdirSync(join(cloud.stateDir, 'images')).length, 1, 'no bytes are left over');
  await new Demo(cloud).boot({ name: 'vm' });
  const { code } = await cloud.run('down', '--purge');
  assert.equal(code, 0);
  assert.ok(!existsSync(cloud.stateDir), 'nothing half written is left');
});
