/** Many things at once to many servers, and `kill -9` in the midst of it, again and again: all comes to a true end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROWS, NOTHING_ON_HOST, onHost, rowsOf } from '../support/leftovers.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo, type Server } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const ROUNDS = 6;
const AT_ONCE = 8;

/** The same storm each time (mulberry32): a failure can be looked at again. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const VICTIMS = [['control'], ['agent'], ['control', 'agent']] as const;

test('a storm of requests and kills', { timeout: 120_000 }, async () => {
  await using cloud = await RealCloud.start({ dataplane: 'linux' });
  const demo = new Demo(cloud);
  const roll = dice(20261121);
  const body = await demo.wanted({ name: 'one-of-many' });
  const network = await demo.networkId();
  const list = async () =>
    (await (await demo.client()).get('/compute/v2.1/servers/detail')).servers as Server[];

  const something = async (servers: readonly Server[]) => {
    const id = servers[roll(servers.length)]?.id;
    const act = async (action: object) => await demo.ask('POST', `/servers/${id}/action`, action);
    switch (id === undefined ? 0 : roll(8)) {
      case 1:
        return await act({ 'os-stop': null });
      case 2:
        return await act({ 'os-start': null });
      case 3:
        return await act({ reboot: { type: roll(2) === 0 ? 'HARD' : 'SOFT' } });
      case 4:
        return await demo.ask('POST', `/servers/${id}/os-interface`, {
          interfaceAttachment: { net_id: network },
        });
      case 5: {
        const [port] = await demo.portIds(id ?? '').catch(() => []);
        return await demo.ask('DELETE', `/servers/${id}/os-interface/${port}`);
      }
      case 6:
        return await demo.ask('DELETE', `/servers/${id}`);
      default:
        return await demo.ask('POST', '/servers', body);
    }
  };

  for (let round = 0; round < ROUNDS; round++) {
    const servers = await list();
    const asked = Array.from({ length: AT_ONCE }, async () => await something(servers));
    // Somewhere between the first answer and the last.
    await Promise.all(asked.slice(0, roll(AT_ONCE)));
    const victims = VICTIMS[roll(VICTIMS.length)] ?? [];
    await Promise.all(victims.map(async (part) => await cloud.kill(part)));
    await Promise.all(asked);
    if (victims.some((part) => part === 'control')) await cloud.up();
  }

  const settled = await waitFor(
    'every server has come to rest',
    async () => {
      const servers = await list();
      const busy = servers.some(
        (server) => server['OS-EXT-STS:task_state'] !== null || server.status === 'BUILD',
      );
      return !busy && servers;
    },
    30_000,
    50,
  ).catch(async (cause: unknown) => {
    throw new Error(`${JSON.stringify(await list(), null, 1)}\n${cloud.logs()}`, { cause });
  });
  assert.ok(settled.length > 0);
  for (const { id, status, fault } of settled) {
    assert.match(status, /^(ACTIVE|SHUTOFF|ERROR)$/);
    if (status === 'ERROR') assert.ok(fault?.message, `${id} says why`);
  }
  for (const { id } of settled) await demo.ask('DELETE', `/servers/${id}`);
  for (const { id } of settled) await demo.isGone(id);
  await waitFor('the host is empty', async () =>
    Object.values(await onHost(cloud)).every((held) => held.length === 0),
  ).catch(async () => assert.deepEqual(await onHost(cloud), NOTHING_ON_HOST));
  await cloud.down();
  assert.deepEqual(await rowsOf(cloud), NO_ROWS);
});
