/** Proves what a guest finds on its config drive, read back from the volume itself. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
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

test('a drive of FAT has the same label and the same files', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'config-drive-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'config.img');
  const bytes = Buffer.from([0x1f, 0x8b, 0x00]);
  const files = {
    'openstack/latest/meta_data.json': '{"name": "Grüße"}',
    'openstack/latest/user_data': { base64: bytes.toString('base64') },
    'ec2/2009-04-04/meta-data.json': '{}',
  };
  await writeConfigDrive(path, files, { signal, format: 'vfat' });
  assert.deepEqual(await readdir(folder), ['config.img']);
  const label = ['-p', '-s', 'LABEL', '-s', 'TYPE', '-o', 'export', path];
  assert.match(await run('blkid', label, { signal }), /LABEL=config-2\nTYPE=vfat/);
  const out = join(folder, 'out');
  await mkdir(out);
  await run('mcopy', ['-s', '-i', path, '::openstack', '::ec2', out], { signal });
  const read = async (name: string) => await readFile(join(out, name));
  assert.equal(String(await read('openstack/latest/meta_data.json')), '{"name": "Grüße"}');
  assert.deepEqual(await read('openstack/latest/user_data'), bytes);
  assert.equal(String(await read('ec2/2009-04-04/meta-data.json')), '{}');
  const { size, blocks } = await stat(path);
  assert.ok(size === 64 * 1024 ** 2 && blocks * 512 < 1024 ** 2, 'the file is sparse');
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
