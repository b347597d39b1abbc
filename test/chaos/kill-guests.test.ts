/** `kill -9` of control, agent, keeper and guests of a cloud with real QEMU: guests live on, and the API says what is true. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NO_ROWS, NOTHING_ON_HOST, onHost, rowsOf } from '../support/leftovers.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const BOOT_ID = ['cat', '/proc/sys/kernel/random/boot_id'];

test('a cloud with real guests that is killed in every way', { timeout: 280_000 }, async (t) => {
  await using cloud = await RealCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
  const demo = new Demo(cloud);
  const boot = async (name: string) => await demo.create({ name, image: 'tiny-uec' });
  const first = await boot('first');
  await demo.becomes(first, 'ACTIVE');
  const pid = cloud.guestPid(first);
  const bootId = await cloud.inGuest('first', ...BOOT_ID);
  assert.match(bootId, /^[0-9a-f-]{36}$/);

  const staysUp = async () => {
    const { status } = await demo.becomes(first, 'ACTIVE');
    assert.equal(status, 'ACTIVE');
    assert.equal(cloud.guestPid(first), pid, 'it is the same QEMU');
  };

  await t.test('control dies at rest: its guest runs on and is found again', async () => {
    const agent = cloud.agentPid();
    await cloud.kill('control');
    assert.equal((await cloud.status()).state, 'degraded');
    assert.equal(cloud.guestPid(first), pid);
    await cloud.up();
    await staysUp();
    assert.equal(cloud.agentPid(), agent, 'the agent never noticed');
  });

  await t.test('the agent dies at rest: control brings another', async () => {
    const before = cloud.agentPid();
    await cloud.kill('agent');
    await waitFor('another agent', () => ![undefined, before].includes(cloud.agentPid()));
    await staysUp();
  });

  await t.test('the keeper of the yard dies: another takes its place', async () => {
    await cloud.kill('keeper');
    await waitFor('the yard can be entered', async () => {
      const { code, stdout } = await cloud.run('exec', '--', 'ip', '-o', 'link');
      return code === 0 && stdout.includes('tap');
    });
    await staysUp();
  });

  await t.test('both die at rest: the guest was never rebooted', async () => {
    await Promise.all([cloud.kill('control'), cloud.kill('agent')]);
    await cloud.up();
    await staysUp();
    assert.equal(await cloud.inGuest('first', ...BOOT_ID), bootId);
  });

  await t.test('control and agent die while a guest boots: it is there all the same', async () => {
    const id = await boot('second');
    await waitFor('its QEMU was started', () => cloud.guestPid(id));
    await Promise.all([cloud.kill('control'), cloud.kill('agent')]);
    await cloud.up();
    await demo.becomes(id, 'ACTIVE');
    await cloud.inGuest('second', 'true');
    await staysUp();
    await demo.act(id, { 'os-stop': null });
    await demo.becomes(id, 'SHUTOFF');
  });

  await t.test('the agent dies before the guest is started: the boot goes on', async () => {
    const id = await boot('third');
    await waitFor('its files are being made', () =>
      existsSync(join(cloud.stateDir, 'servers', id)),
    );
    await cloud.kill('agent');
    await demo.becomes(id, 'ACTIVE');
    assert.ok(cloud.guestPid(id));
  });

  await t.test('the agent dies while a card is plugged: it is there in the end', async () => {
    const wanted = { interfaceAttachment: { net_id: await demo.networkId() } };
    const asked = demo.ask('POST', `/servers/${first}/os-interface`, wanted);
    await cloud.kill('agent');
    await asked;
    assert.equal((await demo.portIds(first)).length, 2);
    const links = await cloud.inGuest('first', 'ip', '-o', 'link');
    assert.equal(links.split('\n').filter((line) => line.includes('link/ether')).length, 2, links);
    await staysUp();
  });

  await t.test('QEMU itself dies: the server is shut off, and can be started', async () => {
    process.kill(cloud.guestPid(first) ?? 0, 'SIGKILL');
    await demo.becomes(first, 'SHUTOFF');
    assert.equal(cloud.guestPid(first), undefined);
    await demo.act(first, { 'os-start': null });
    await demo.becomes(first, 'ACTIVE');
  });

  await t.test('the power goes: what ran runs again, what was off stays off', async () => {
    await cloud.kill('everything');
    await cloud.up();
    const third = (await demo.find('third'))?.id ?? '';
    await waitFor('two guests run', () => cloud.guestPid(first) && cloud.guestPid(third));
    await demo.becomes(first, 'ACTIVE');
    await demo.becomes(third, 'ACTIVE');
    assert.equal((await demo.find('second'))?.status, 'SHUTOFF');
    assert.notEqual(await cloud.inGuest('first', ...BOOT_ID), bootId);
  });

  await t.test('down and up: the same once more', async () => {
    await cloud.down();
    assert.equal((await cloud.status()).state, 'down');
    await cloud.up();
    await demo.becomes(first, 'ACTIVE');
    await waitFor('its guest runs', () => cloud.guestPid(first));
    assert.equal((await demo.find('second'))?.status, 'SHUTOFF');
  });

  await t.test('the power goes while a guest boots: it is booted once more', async () => {
    const id = await boot('fourth');
    await waitFor('its QEMU was started', () => cloud.guestPid(id));
    await cloud.kill('everything');
    await cloud.up();
    await demo.becomes(id, 'ACTIVE');
    await waitFor('its guest runs', () => cloud.guestPid(id));
  });

  await t.test('the agent dies during deletions: nothing is left', async () => {
    const names = ['first', 'second', 'third', 'fourth'];
    const ids = await Promise.all(names.map(async (name) => (await demo.find(name))?.id ?? ''));
    await Promise.all(ids.map(async (id) => await demo.ask('DELETE', `/servers/${id}`)));
    await cloud.kill('agent');
    for (const id of ids) await demo.isGone(id);
    await waitFor('the host is empty', async () =>
      Object.values(await onHost(cloud)).every((held) => held.length === 0),
    ).catch(async () => assert.deepEqual(await onHost(cloud), NOTHING_ON_HOST));
    await cloud.down();
    assert.deepEqual(await rowsOf(cloud), NO_ROWS);
  });
});
