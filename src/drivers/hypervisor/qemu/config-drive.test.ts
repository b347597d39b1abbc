/** Proves what a guest finds on its config drive, read back from the volume itself. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../run.ts';
import { writeConfigDrive } from './config-drive.ts';

const { signal } = new AbortController();

test('the drive has its label and every file, text or not, under its full name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'config-drive-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'config.iso');
  const files = {
    'openstack/latest/meta_data.json': '{"name": "Grüße"}',
    'openstack/latest/user_data': { base64: Buffer.from([0x1f, 0x8b, 0x00]).toString('base64') },
    'openstack/2018-08-27/vendor_data2.json': '{}',
  };
  await writeConfigDrive(path, files, { signal });
  assert.deepEqual(await readdir(folder), ['config.iso']);
  assert.match(await run('isoinfo', ['-d', '-i', path], { signal }), /Volume id: config-2/);
  const listing = await run('isoinfo', ['-R', '-f', '-i', path], { signal });
  for (const name of Object.keys(files)) assert.ok(listing.includes(`/${name}\n`), listing);
  const read = async (name: string) =>
    await run('isoinfo', ['-R', '-i', path, '-x', name], { signal });
  assert.equal(await read('/openstack/latest/meta_data.json'), '{"name": "Grüße"}');
});

for (const name of ['../escape', '/etc/passwd', '', 'a/../../b', 'folder/']) {
  test(`'${name}' is no name for a file on the drive`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'config-drive-'));
    t.after(() => rm(folder, { recursive: true }));
    const asked = writeConfigDrive(join(folder, 'c.iso'), { [name]: 'x' }, { signal });
    await assert.rejects(asked, { code: 'InvalidConfigDrive' });
    assert.deepEqual(await readdir(folder), []);
  });
}
