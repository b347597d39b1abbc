/** The actions addFixedIp and removeFixedIp over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const addressesOf = async (world: ComputeWorld, id: string): Promise<string[]> => {
  const { body } = await world.as('red').get(`/servers/${id}/ips`);
  const all = Object.values(body.addresses as Record<string, { addr: string }[]>).flat();
  return all.map(({ addr }) => addr);
};

test('a server gets one more address on a network of its own, and loses it again', async () => {
  await using world = await ComputeWorld.start();
  const id = await world.boot({ networks: [{ uuid: NET_1 }] });
  const before = await addressesOf(world, id);
  const path = `/servers/${id}/action`;
  const red = world.as('red');
  assert.equal((await red.post(path, { addFixedIp: { networkId: NET_1 } })).status, 202);
  const after = await addressesOf(world, id);
  assert.equal(after.length, before.length + 1);
  const [added] = after.filter((one) => !before.includes(one));
  assert.equal((await red.post(path, { removeFixedIp: { address: added } })).status, 202);
  assert.deepEqual(await addressesOf(world, id), before);
});

const refused = [
  [{ addFixedIp: { networkId: NET_2 } }, '2.43', 404, /Network could not be found for instance/],
  [{ removeFixedIp: { address: '10.99.99.99' } }, '2.43', 400, /has zero fixed IPs\.$/],
  [{ removeFixedIp: { address: 'x' } }, '2.43', 400, /Invalid input for field\/attribute address/],
  [{ addFixedIp: { networkId: NET_1 } }, '2.44', 404, /is not supported on this method/],
] as const;
for (const [body, version, status, text] of refused) {
  test(`${JSON.stringify(body)} in ${version} is refused and changes nothing`, async () => {
    await using world = await ComputeWorld.start();
    const id = await world.boot({ networks: [{ uuid: NET_1 }] });
    const before = await addressesOf(world, id);
    const answer = await world.as('red', version).post(`/servers/${id}/action`, body);
    assert.equal(answer.status, status);
    const [{ message }] = Object.values(answer.body) as [{ message: string }];
    assert.match(message, text);
    assert.deepEqual(await addressesOf(world, id), before);
  });
}
