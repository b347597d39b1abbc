/** Two clouds on one machine, with everything named alike: neither sees the other, and one goes without the other noticing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';

const tapsOf = async (cloud: RealCloud) =>
  (await cloud.inYard('ip', '-o', 'link')).match(/tap[0-9a-f-]+/g) ?? [];

test('two clouds with the same names and addresses do not see each other', async () => {
  const clouds = await Promise.all([
    RealCloud.start({ hypervisor: 'fake', dataplane: 'linux' }),
    RealCloud.start({ hypervisor: 'qemu', dataplane: 'linux' }),
  ]);
  const [going, staying] = clouds;
  await using _going = going;
  await using _staying = staying;
  const twins = clouds.map((cloud) => new Demo(cloud));
  const images = ['tiny', 'tiny-uec'];
  const ids = await Promise.all(
    twins.map(async (demo, index) => await demo.boot({ name: 'twin', image: images[index] ?? '' })),
  );
  for (const [index, demo] of twins.entries()) {
    const { addresses } = await demo.show(ids[index] ?? '');
    assert.match(addresses['private']?.[0]?.addr ?? 'none', /^10\.20\.0\./);
    assert.equal((await (await demo.client()).get('/compute/v2.1/servers')).servers.length, 1);
  }
  const [ours, theirs] = await Promise.all(clouds.map(tapsOf));
  assert.equal(ours?.length, 1, 'each yard has the tap of its own guest');
  assert.equal(theirs?.length, 1);
  assert.notDeepEqual(ours, theirs);
  const guest = ids[1] ?? '';
  assert.equal(going.guestPid(guest), undefined);

  const pid = staying.guestPid(guest);
  const { state, control_pid } = await staying.status();
  assert.equal(state, 'up');
  const down = await going.run('down', '--purge');
  assert.equal(down.code, 0, down.stderr);
  assert.ok(pid !== undefined && staying.guestPid(guest) === pid);
  assert.equal((await staying.status()).control_pid, control_pid);
  assert.equal((await twins[1]?.show(guest))?.status, 'ACTIVE');
  await staying.inGuest('twin', 'true');
});
