/** Tags over HTTP, on a database. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startExtras } from '../extensions/testing.ts';

type Cloud = Awaited<ReturnType<typeof startExtras>>;

/** The address of something new of the project that can have tags. */
const makers: Readonly<Record<string, (cloud: Cloud) => Promise<string>>> = {
  networks: async (cloud) => `/networks/${await cloud.addNetwork('red')}`,
  ports: async (cloud) => `/ports/${await cloud.addPort('red', await cloud.addNetwork('red'))}`,
  'security-groups': async (cloud) => {
    const { body } = await cloud.as('red').post('/security-groups', { security_group: {} });
    return `/security-groups/${(body as { security_group: { id: string } }).security_group.id}`;
  },
};

for (const [collection, make] of Object.entries(makers)) {
  test(`/v2.0/${collection}/{id}/tags: tags come, are looked for and go`, async () => {
    await using cloud = await startExtras();
    const red = cloud.as('red');
    const path = `${await make(cloud)}/tags`;
    const put = await red.put(`${path}/red`);
    assert.deepEqual([put.status, put.body], [201, null]);
    assert.equal((await red.put(`${path}/red`, {})).status, 201);
    assert.equal((await red.put(`${path}/black.or.white`)).status, 201);
    assert.equal((await red.get(`${path}/red`)).status, 204);
    assert.deepEqual((await red.get(path)).body, { tags: ['black.or.white', 'red'] });
    const missing = await red.get(`${path}/green`);
    assert.deepEqual(
      [missing.status, missing.error],
      [404, 'TagNotFound: Tag green could not be found.'],
    );
    assert.equal((await red.delete(`${path}/green`)).error, missing.error);
    assert.equal((await red.delete(`${path}/red`)).status, 204);
    const replaced = await red.put(path, { tags: ['x', 'a'] });
    assert.deepEqual([replaced.status, replaced.body], [200, { tags: ['x', 'a'] }]);
    const added = await red.post(path, { tags: ['b', 'a'] });
    assert.equal(added.status, 200, added.error);
    assert.deepEqual((await red.get(path)).body, { tags: ['a', 'b', 'x'] });
    assert.equal((await red.delete(path)).status, 204);
    assert.deepEqual((await red.get(path)).body, { tags: [] });
  });
}

test('a change of tags is a change of the resource, and its lists can be asked by tags', async () => {
  await using cloud = await startExtras();
  const red = cloud.as('red');
  const path = await makers['security-groups']?.(cloud);
  await red.put(`${path}/tags`, { tags: ['red', 'blue'] });
  await red.put(`${path}/tags`, { tags: ['blue', 'red'] });
  type Group = { id: string; tags: string[]; revision_number: number };
  const { security_group: group } = (await red.get(`${path}`)).body as { security_group: Group };
  assert.deepEqual([group.tags, group.revision_number], [['blue', 'red'], 2]);
  const found = async (query: string) => {
    const { body } = await red.get(`/security-groups?name=&${query}`);
    return (body as { security_groups: Group[] }).security_groups.length;
  };
  assert.deepEqual(
    [
      await found('tags=red,blue'),
      await found('tags=red,green'),
      await found('tags-any=green,red'),
      await found('not-tags=red,green'),
      await found('not-tags-any=green,red'),
    ],
    [1, 0, 1, 1, 0],
  );
});

const refused: readonly [unknown, string][] = [
  [{}, 'InvalidInput: Invalid input for operation: Invalid tags body.'],
  [{ tags: 'red' }, "InvalidInput: Invalid input for operation: 'red' is not a list."],
  [{ tags: [1] }, "InvalidInput: Invalid input for operation: '1' is not a valid string."],
  [
    { tags: ['a', 'a'] },
    "InvalidInput: Invalid input for operation: Duplicate items in the list: 'a'.",
  ],
  [
    { tags: ['x'.repeat(256)] },
    `InvalidInput: Invalid input for operation: '${'x'.repeat(256)}' exceeds maximum length of 255.`,
  ],
  [
    { tags: Array.from({ length: 51 }, (_, index) => `t${index}`) },
    'BadRequest: Bad networks request: The number of tags exceed the per-resource limit of 50.',
  ],
];

for (const [body, error] of refused) {
  test(`PUT tags refuses ${JSON.stringify(body).slice(0, 60)}`, async () => {
    await using cloud = await startExtras();
    const path = `/networks/${await cloud.addNetwork('red')}/tags`;
    const answer = await cloud.as('red').put(path, body);
    assert.deepEqual([answer.status, answer.error], [400, error]);
  });
}

test("a resource that the caller cannot see has no tags, and a reader changes nobody's", async () => {
  await using cloud = await startExtras();
  const id = await cloud.addNetwork('red');
  for (const [token, path] of [
    ['blue', `/networks/${id}/tags`],
    ['red', `/networks/${randomUUID()}/tags`],
  ] as const) {
    const answer = await cloud.as(token).get(path);
    assert.equal(answer.status, 404);
    assert.match(answer.error, /^TagResourceNotFound: Resource networks .* could not be found\.$/);
  }
  const reader = cloud.as('red:reader');
  assert.equal((await reader.get(`/networks/${id}/tags`)).status, 200);
  assert.equal(
    (await reader.put(`/networks/${id}/tags/red`)).error,
    'PolicyNotAuthorized: rule:update_network:tags is disallowed by policy',
  );
});
