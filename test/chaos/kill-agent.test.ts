/** `kill -9` of the agent, alone or with control, while it works: the work goes on where it was. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NO_ROWS, NOTHING_ON_HOST, onHost, rowsOf } from '../support/leftovers.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

type Part = 'control' | 'agent';

/** Guests on paper take this long to start, so that there is something to interrupt. */
const DELAY_MS = 400;

/** When a boot is interrupted, as seen from outside. */
const MOMENTS: Readonly<Record<string, (cloud: RealCloud, id: string) => Promise<boolean>>> = {
  'as soon as it was asked for': async () => await Promise.resolve(true),
  'when its tap is there': async (cloud) =>
    (await cloud.inYard('ip', '-o', 'link')).includes(': tap'),
  'when its guest is there': async (cloud, id) =>
    await Promise.resolve(existsSync(join(cloud.stateDir, 'fake-guests', `${id}.json`))),
};

const VICTIMS: readonly (readonly Part[])[] = [['agent'], ['control', 'agent']];

test('the agent is killed while it works', { timeout: 120_000 }, async (t) => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const demo = new Demo(cloud);
  const moods = { delayMs: DELAY_MS };
  writeFileSync(join(cloud.stateDir, 'fake-hypervisor.json'), JSON.stringify(moods));
  const strike = async (victims: readonly Part[]) => {
    await Promise.all(victims.map(async (part) => await cloud.kill(part)));
    if (victims.includes('control')) await cloud.up();
  };

  for (const victims of VICTIMS) {
    for (const [when, isThen] of Object.entries(MOMENTS)) {
      await t.test(`${victims.join(' and ')}, during a boot, ${when}`, async () => {
        const id = await demo.create({ name: 'vm' });
        await waitFor(when, async () => await isThen(cloud, id));
        await strike(victims);
        await demo.becomes(id, 'ACTIVE');
        const taps = (await cloud.inYard('ip', '-o', 'link')).match(/: tap/g) ?? [];
        assert.equal(taps.length, 1);
        await demo.delete(id);
      });
    }

    await t.test(`${victims.join(' and ')}, during a deletion`, async () => {
      const id = await demo.boot({ name: 'vm' });
      await (await demo.client()).remove(`/compute/v2.1/servers/${id}`);
      await strike(victims);
      await demo.isGone(id);
    });
  }

  await t.test('nothing is left', async () => {
    await waitFor('the host is empty', async () =>
      Object.values(await onHost(cloud)).every((held) => held.length === 0),
    ).catch(async () => assert.deepEqual(await onHost(cloud), NOTHING_ON_HOST));
    await cloud.down();
    assert.deepEqual(await rowsOf(cloud), NO_ROWS);
  });
});

test('a host that cannot start a guest says why, and keeps nothing of it', async () => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const demo = new Demo(cloud);
  const failures = [{ method: 'ensureStarted', message: 'The moon is in the wrong house.' }];
  writeFileSync(join(cloud.stateDir, 'fake-hypervisor.json'), JSON.stringify({ failures }));
  const id = await demo.create({ name: 'vm' });
  const { fault } = await demo.becomes(id, 'ERROR');
  assert.match(fault?.message ?? '', /moon/);
  await waitFor('the host is empty', async () =>
    Object.values(await onHost(cloud)).every((held) => held.length === 0),
  ).catch(async () => assert.deepEqual(await onHost(cloud), NOTHING_ON_HOST));
  await demo.delete(id);
  await cloud.down();
  assert.deepEqual(await rowsOf(cloud), NO_ROWS);
});
