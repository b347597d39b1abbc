/** Proves that files which a guest's QEMU may have tampered with mislead nobody, and that records survive. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run } from '../../run.ts';
import { makeDirectory, removeFiles } from './domain-files.ts';
import { domainPaths } from './domain-paths.ts';
import { findRecord, writeRecord } from './domain-record.ts';
import { findQemu, searchQemu } from './process.ts';

const { signal } = new AbortController();
const id = randomUUID();

async function domainOf(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'domain-files-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const paths = domainPaths(join(folder, 'servers'), id);
  await makeDirectory(paths, null);
  await mkdir(paths.runDirectory);
  return { folder, paths };
}

test('removing a domain follows no link and removes folders where none should be', async (t) => {
  const { folder, paths } = await domainOf(t);
  const precious = join(folder, 'precious');
  await mkdir(precious);
  await writeFile(join(precious, 'file'), 'kept');
  await symlink(precious, paths.qmpSocket);
  await mkdir(join(paths.runDirectory, 'folder', 'deep'), { recursive: true });
  await symlink(precious, join(paths.runDirectory, 'folder', 'deep', 'link'));
  await removeFiles(paths, null, { signal });
  assert.deepEqual(await readdir(precious), ['file']);
  await assert.rejects(stat(paths.directory), { code: 'ENOENT' });
  await removeFiles(paths, null, { signal });
});

test('a pid file that is a pipe, a link, nonsense or somebody else leads to no process', async (t) => {
  const { folder, paths } = await domainOf(t);
  await run('mkfifo', [paths.pidFile], { signal });
  assert.equal(await findQemu(id, paths.pidFile), undefined);
  await rm(paths.pidFile);
  await writeFile(join(folder, 'pid'), String(process.pid));
  await symlink(join(folder, 'pid'), paths.pidFile);
  assert.equal(await findQemu(id, paths.pidFile), undefined);
  await rm(paths.pidFile);
  for (const text of ['', 'x', '-1', String(process.pid)]) {
    await writeFile(paths.pidFile, text);
    assert.equal(await findQemu(id, paths.pidFile), undefined);
  }
  assert.deepEqual(searchQemu(id, paths.pidFile), []);
});

test('a record is read back, and one that is garbled counts as none', async (t) => {
  const { paths } = await domainOf(t);
  assert.equal(await findRecord(paths), undefined);
  const record = { phase: 'started', rebootCount: 4, spec: { id } } as const;
  await writeRecord(paths, record);
  assert.deepEqual(await findRecord(paths), record);
  assert.deepEqual((await readdir(paths.directory)).toSorted(), ['domain.json', 'run']);
  for (const text of ['', '{"phase":', '{"phase":"flying","rebootCount":1,"spec":{}}', '7']) {
    await writeFile(paths.record, text);
    assert.equal(await findRecord(paths), undefined, text);
  }
});
