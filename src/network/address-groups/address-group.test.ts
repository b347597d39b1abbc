/** Address groups over HTTP, on a database. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startExtras, type Answer } from '../extensions/testing.ts';

type Group = { id: string; name: string; addresses: string[]; revision_number: number };
const groupIn = (answer: Answer) => (answer.body as { address_group: Group }).address_group;

type Cloud = Awaited<ReturnType<typeof startExtras>>;

const make = async (cloud: Cloud, addresses: readonly string[]) =>
  groupIn(
    await cloud.as('red').post('/address-groups', { address_group: { name: 'a', addresses } }),
  );

test('an address group is made with networks in their usual form, changed and deleted', async () => {
  await using cloud = await startExtras();
  const red = cloud.as('red');
  const made = await red.post('/address-groups', {
    address_group: { name: 'a', addresses: ['192.168.0.10/24', '10.10.10.3/32', '2001:DB8::f/64'] },
  });
  assert.equal(made.status, 201, made.error);
  const group = groupIn(made);
  assert.deepEqual(group, {
    id: group.id,
    name: 'a',
    description: '',
    project_id: 'red',
    tenant_id: 'red',
    addresses: ['10.10.10.3/32', '192.168.0.0/24', '2001:db8::/64'],
    shared: false,
    revision_number: 0,
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
  });
  const path = `/address-groups/${group.id}`;
  const changed = groupIn(await red.put(path, { address_group: { name: 'b' } }));
  assert.deepEqual([changed.name, changed.revision_number], ['b', 1]);
  const listed = (await red.get('/address-groups?name=b')).body as { address_groups: Group[] };
  assert.deepEqual(listed.address_groups, [changed]);
  assert.equal((await cloud.as('blue').get(path)).status, 404);
  assert.equal((await red.delete(path)).status, 204);
  assert.equal(
    (await red.get(path)).error,
    `AddressGroupNotFound: Address group ${group.id} could not be found.`,
  );
  assert.equal(
    (await red.put(path, { address_group: { name: 'c' } })).error,
    'HTTPNotFound: The resource could not be found.',
  );
});

test('addresses are added and removed', async () => {
  await using cloud = await startExtras();
  const { id } = await make(cloud, ['10.0.0.0/8']);
  const red = cloud.as('red');
  const path = `/address-groups/${id}`;
  const added = await red.put(`${path}/add_addresses`, { addresses: ['10.20.30.40', '::1/128'] });
  assert.equal(added.status, 200, added.error);
  assert.deepEqual(groupIn(added).addresses, ['10.0.0.0/8', '10.20.30.40/32', '::1/128']);
  assert.equal(
    (await red.put(`${path}/add_addresses`, { addresses: ['10.20.30.40/32'] })).error,
    `AddressesAlreadyExist: Addresses ['10.20.30.40/32'] already exist in the address group ${id}.`,
  );
  const removed = await red.put(`${path}/remove_addresses`, { addresses: ['10.20.30.40/32'] });
  assert.deepEqual(groupIn(removed).addresses, ['10.0.0.0/8', '::1/128']);
  assert.equal(groupIn(removed).revision_number, 2);
  const missing = await red.put(`${path}/remove_addresses`, { addresses: ['10.200.200.200'] });
  assert.deepEqual(
    [missing.status, missing.error],
    [
      404,
      `AddressesNotFound: Addresses ['10.200.200.200/32'] not found in the address group ${id}.`,
    ],
  );
  for (const action of ['add_addresses', 'remove_addresses']) {
    const bad = await red.put(`${path}/${action}`, { addresses: ['this is bad IP address'] });
    assert.deepEqual(
      [bad.status, bad.error],
      [400, 'AddrFormatError: invalid IPNetwork this is bad IP address'],
    );
  }
  assert.equal(
    (await cloud.as('red:reader').put(`${path}/add_addresses`, { addresses: [] })).status,
    403,
  );
});

const refused: readonly [unknown, string][] = [
  [
    ['10.20.30.40'],
    "'10.20.30.40' isn't a recognized IP subnet cidr, '10.20.30.40/32' is recommended",
  ],
  [['this is bad IP address'], "'this is bad IP address' is not a valid IP subnet"],
  ['10.0.0.0/8', "'10.0.0.0/8' is not a list"],
];

for (const [addresses, reason] of refused) {
  test(`POST /v2.0/address-groups refuses ${JSON.stringify(addresses)}`, async () => {
    await using cloud = await startExtras();
    const answer = await cloud.as('red').post('/address-groups', { address_group: { addresses } });
    assert.deepEqual(
      [answer.status, answer.error],
      [400, `HTTPBadRequest: Invalid input for addresses. Reason: ${reason}.`],
    );
  });
}

test('a group that a rule names is not deleted, and can be given to other projects', async () => {
  await using cloud = await startExtras();
  const { id } = await make(cloud, []);
  const blue = cloud.as('blue');
  const { body } = await blue.post('/security-groups', { security_group: {} });
  const security_group_id = (body as { security_group: { id: string } }).security_group.id;
  const rule = {
    security_group_rule: { security_group_id, direction: 'ingress', remote_address_group_id: id },
  };
  assert.equal((await blue.post('/security-group-rules', rule)).status, 404);
  await cloud.db
    .insertInto('rbac_policies')
    .values({
      id: randomUUID(),
      project_id: 'red',
      object_type: 'address_group',
      object_id: id,
      action: 'access_as_shared',
      target_project: 'blue',
    })
    .execute();
  const made = await blue.post('/security-group-rules', rule);
  assert.equal(made.status, 201, made.error);
  assert.equal(
    (await cloud.as('red').delete(`/address-groups/${id}`)).error,
    `AddressGroupInUse: Address group ${id} is in use on one or more security group rules.`,
  );
  assert.equal((await blue.put(`/address-groups/${id}`, { address_group: {} })).status, 404);
});
