/** `stackyard up` and `down` as a person uses them: what stays, what goes, who may read it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { isAlive, markProcess } from '#drivers/processes.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { openDatabase } from '#platform/db/database.ts';
import { logIn } from '../support/http-client.ts';
import { RealCloud, stackyard } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const read = (cloud: RealCloud, name: string) =>
  readFileSync(join(cloud.stateDir, name), 'utf8').trim();

test('up --detach returns when every API answers, and up again changes nothing', async () => {
  await using cloud = await RealCloud.make();
  const first = await stackyard([...cloud.upWords, '--detach']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /OS_CLIENT_CONFIG_FILE=.*clouds\.yaml/);
  const before = await cloud.status();
  assert.equal(before.state, 'up');
  for (const api of ['identity', 'compute', 'networking', 'image']) {
    const { status } = await fetch(`${before.url}/${api}`);
    assert.ok(status === 200 || status === 300, `${api} answers ${status}`);
  }
  await new Demo(cloud).boot({ name: 'at-once' });
  const again = await stackyard([...cloud.upWords, '--detach']);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /up already/);
  assert.equal((await cloud.status()).control_pid, before.control_pid);
});

test('down and up keep servers, passwords and tokens, and down --purge keeps nothing', async () => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const demo = new Demo(cloud);
  const id = await demo.boot({ name: 'kept' });
  const token = await cloud.as('admin');
  await token.get('/networking/v2.0/ports');
  const password = read(cloud, 'admin-password');

  await cloud.down();
  assert.deepEqual(await cloud.ended(), { code: 0, signal: null });
  assert.deepEqual(listResidents(cloud.stateDir), [], 'no process of the cloud is left');
  assert.equal((await cloud.status()).state, 'down');
  assert.equal((await cloud.run('status')).code, 3);

  await cloud.up();
  await demo.becomes(id, 'ACTIVE');
  assert.equal(read(cloud, 'admin-password'), password);
  assert.ok((await token.get('/networking/v2.0/ports')).ports.length > 0, 'the token is good');
  const { url } = await cloud.status();
  assert.ok(await logIn(url ?? '', 'admin', password), 'and so is the password');

  const { code, stdout } = await cloud.run('down', '--purge');
  assert.equal(code, 0);
  assert.match(stdout, /is gone/);
  assert.ok(!existsSync(cloud.stateDir));
});

test('files with secrets are for their owner only', async () => {
  await using cloud = await RealCloud.start();
  const secrets = ['admin-password', 'demo-password', 'clouds.yaml', 'demo-key', 'metrics-token'];
  for (const name of [...secrets, 'stackyard.db', 'stackyard.db-wal']) {
    const mode = statSync(join(cloud.stateDir, name)).mode & 0o777;
    assert.equal(mode.toString(8), '600', name);
  }
  const { url } = await cloud.status();
  const headers = { authorization: `Bearer ${read(cloud, 'metrics-token')}` };
  const metrics = await fetch(`${url}/metrics`, { headers });
  assert.equal(metrics.status, 200);
  assert.match(await metrics.text(), /^stackyard_host_up\{host=".+"\} 1$/m);
});

test('Ctrl-C ends a cloud in the foreground, even before it is up', async () => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const { control_pid: pid } = await cloud.status();
  process.kill(pid ?? 0, 'SIGINT');
  assert.deepEqual(await cloud.ended(), { code: 0, signal: null });
  assert.deepEqual(listResidents(cloud.stateDir), []);

  const ended = cloud.launch();
  await waitFor('it has begun', () => listResidents(cloud.stateDir).length > 0);
  process.kill(cloud.controlPid() ?? 0, 'SIGINT');
  const { code, signal } = await ended;
  assert.equal(signal, null);
  assert.ok(code === 0 || cloud.upLog().includes('Stopped before the cloud was up'));
  assert.deepEqual(listResidents(cloud.stateDir), []);
});

test('down ends a cloud that is only about to come up', async () => {
  await using cloud = await RealCloud.make({ dataplane: 'linux' });
  const ended = cloud.launch();
  await waitFor('it has begun', () => existsSync(join(cloud.stateDir, 'run', 'control.json')));
  const control = markProcess(cloud.controlPid() ?? 0);
  await cloud.down();
  await ended;
  assert.ok(control && !isAlive(control));
  assert.deepEqual(listResidents(cloud.stateDir), []);
});

test('a down that is killed with its cloud is made good by the next', async () => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  await new Demo(cloud).boot({ name: 'vm' });
  const broken = cloud.run('down');
  await cloud.kill('control');
  await broken;
  await cloud.down();
  assert.deepEqual(listResidents(cloud.stateDir), []);
  await cloud.up();
  await waitFor(
    'it runs again',
    async () => (await new Demo(cloud).find('vm'))?.status === 'ACTIVE',
  );
});

test('up --empty makes no project, image or network of its own', async () => {
  await using cloud = await RealCloud.start({ args: ['--empty'] });
  const admin = await cloud.as('admin');
  assert.deepEqual((await admin.get('/image/v2/images')).images, []);
  assert.deepEqual((await admin.get('/networking/v2.0/networks')).networks, []);
  const { projects } = await admin.get('/identity/v3/projects');
  assert.deepEqual(projects.map((one: { name: string }) => one.name).toSorted(), [
    'admin',
    'service',
  ]);
  assert.ok(!existsSync(join(cloud.stateDir, 'demo-password')));
});

test('down without a cloud says so, and --purge refuses a directory that holds none', async () => {
  await using cloud = await RealCloud.make();
  const none = await cloud.run('down');
  assert.equal(none.code, 0);
  assert.match(none.stdout, /There is no cloud in/);

  mkdirSync(join(cloud.stateDir, 'run'), { recursive: true });
  writeFileSync(join(cloud.stateDir, 'precious'), 'x');
  const refused = await cloud.run('down', '--purge');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /holds no cloud, so it is not removed/);
  assert.deepEqual(readdirSync(cloud.stateDir).toSorted(), ['precious', 'run']);

  await cloud.up();
  const purged = await cloud.run('down', '--purge');
  assert.equal(purged.code, 0);
  assert.match(purged.stderr, /also holds precious: left there/);
  assert.deepEqual(readdirSync(cloud.stateDir), ['precious']);
});

test('a cloud of pretended guests is not taken for one of real guests', async () => {
  await using cloud = await RealCloud.start();
  await cloud.down();
  const words = ['up', ...cloud.words, '--listen', '127.0.0.1:0', '--detach'];
  const { code, stderr } = await stackyard(words);
  assert.equal(code, 1);
  assert.match(stderr, /was made with --hypervisor fake\. Start it with that, or use another/);
  assert.deepEqual(listResidents(cloud.stateDir), []);
  await cloud.up();
});

test('a database of a newer version is refused and stays as it is', async () => {
  await using cloud = await RealCloud.make();
  mkdirSync(cloud.stateDir, { recursive: true });
  const path = join(cloud.stateDir, 'stackyard.db');
  await (await openDatabase(path)).destroy();
  const db = new DatabaseSync(path);
  db.exec("insert into migrations values (9999, 'from-the-future', '')");
  db.close();
  const { code, stderr } = await stackyard([...cloud.upWords, '--detach']);
  assert.equal(code, 1);
  assert.match(stderr, /written by a newer Stackyard \(migration 9999, 'from-the-future'/);
  assert.ok(!stderr.includes('    at '), 'no stack is shown');
});
