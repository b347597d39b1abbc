/** Flavors: made, shown at each microversion, given to projects, described by extra specs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';

const SMALL = { ram: 512, vcpus: 1, disk: 10, name: 'small' };

test('an admin makes a flavor, and everybody sees it as Nova shows it', async () => {
  await using world = await ComputeWorld.start();
  const made = await world.as('admin').post('/flavors', {
    flavor: { ...SMALL, ram: '512', id: 894520323, swap: 1024, 'OS-FLV-EXT-DATA:ephemeral': 10 },
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const href = 'http://localhost:80/compute/v2.1/flavors/894520323';
  const flavor = {
    id: '894520323',
    name: 'small',
    ram: 512,
    disk: 10,
    swap: 1024,
    'OS-FLV-EXT-DATA:ephemeral': 10,
    'OS-FLV-DISABLED:disabled': false,
    vcpus: 1,
    'os-flavor-access:is_public': true,
    rxtx_factor: 1,
    links: [
      { rel: 'self', href },
      { rel: 'bookmark', href: 'http://localhost:80/compute/flavors/894520323' },
    ],
  };
  assert.deepEqual(made.body.flavor, flavor);
  const shown = await world.as('blue').get('/flavors/894520323');
  assert.deepEqual(shown.body.flavor, flavor);
  const later = await world.as('blue', '2.61').get('/flavors/894520323');
  assert.deepEqual(later.body.flavor, { ...flavor, description: null, extra_specs: {} });
  const newest = await world.as('blue', '2.102').get('/flavors/894520323');
  assert.equal('rxtx_factor' in newest.body.flavor, false);
  assert.equal('OS-FLV-DISABLED:disabled' in newest.body.flavor, false);
});

test('no swap is an empty text until 2.74', async () => {
  await using world = await ComputeWorld.start();
  assert.equal((await world.as('red', '2.74').get('/flavors/42')).body.flavor.swap, '');
  assert.equal((await world.as('red', '2.75').get('/flavors/42')).body.flavor.swap, 0);
});

test('a private flavor is for the projects that it was given to', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin');
  await admin.post('/flavors', {
    flavor: { ...SMALL, id: 'p', 'os-flavor-access:is_public': 'False' },
  });
  const blue = world.as('blue');
  const hidden = await blue.get('/flavors/p');
  assert.equal(hidden.status, 404);
  assert.equal(hidden.body.itemNotFound.message, 'Flavor p could not be found.');
  const given = await admin.post('/flavors/p/action', { addTenantAccess: { tenant: 'blue' } });
  assert.deepEqual(given.body, {
    flavor_access: [{ flavor_id: 'p', tenant_id: 'blue' }],
  });
  assert.equal((await blue.get('/flavors/p')).status, 200);
  const ids = async (query: string, who: 'blue' | 'admin') =>
    (await world.as(who).get(`/flavors?${query}`)).body.flavors.map(
      ({ id }: { id: string }) => id,
    ) as string[];
  assert.ok((await ids('', 'blue')).includes('p'));
  assert.ok((await ids('is_public=None', 'admin')).includes('p'));
  for (const word of ['False', 'f', '0', 'no']) {
    assert.deepEqual(await ids(`is_public=${word}`, 'admin'), ['p']);
  }
  const again = await admin.post('/flavors/p/action', { addTenantAccess: { tenant: 'blue' } });
  assert.equal(again.status, 409);
  assert.match(
    again.body.conflictingRequest.message,
    /^Flavor access already exists for flavor \d+ and project blue combination\.$/,
  );
  const taken = await admin.post('/flavors/p/action', { removeTenantAccess: { tenant: 'blue' } });
  assert.deepEqual(taken.body.flavor_access, []);
  const none = await admin.post('/flavors/p/action', { removeTenantAccess: { tenant: 'blue' } });
  assert.equal(none.status, 404);
});

const refused: readonly (readonly [
  why: string,
  who: 'red' | 'admin',
  method: 'post' | 'get' | 'put' | 'delete',
  path: string,
  body: object,
  status: number,
  text: string | RegExp,
])[] = [
  [
    'a member who makes one',
    'red',
    'post',
    '/flavors',
    { flavor: SMALL },
    403,
    "Policy doesn't allow os_compute_api:os-flavor-manage:create to be performed.",
  ],
  [
    'a name twice',
    'admin',
    'post',
    '/flavors',
    { flavor: { ...SMALL, name: 'm1.nano' } },
    409,
    'Flavor with name m1.nano already exists.',
  ],
  [
    'an id twice',
    'admin',
    'post',
    '/flavors',
    { flavor: { ...SMALL, id: 42 } },
    409,
    'Flavor with ID 42 already exists.',
  ],
  [
    'no memory',
    'admin',
    'post',
    '/flavors',
    { flavor: { ...SMALL, ram: 0 } },
    400,
    /0 is less than the minimum of 1/,
  ],
  [
    'a description before 2.55',
    'admin',
    'post',
    '/flavors',
    { flavor: { ...SMALL, description: 'd' } },
    400,
    /Additional properties/,
  ],
  [
    'a flavor that is not there',
    'admin',
    'delete',
    '/flavors/nope',
    {},
    404,
    'Flavor nope could not be found.',
  ],
  [
    'access to a public one',
    'admin',
    'get',
    '/flavors/42/os-flavor-access',
    {},
    404,
    'Access list not available for public flavors.',
  ],
  [
    'a project that is not there',
    'admin',
    'post',
    '/flavors/42/action',
    { addTenantAccess: { tenant: 'missing' } },
    400,
    'Project ID missing is not a valid project.',
  ],
  [
    'an unknown action',
    'admin',
    'post',
    '/flavors/42/action',
    { paint: {} },
    400,
    'There is no such action: paint',
  ],
  [
    'two actions',
    'admin',
    'post',
    '/flavors/42/action',
    { a: {}, b: {} },
    400,
    'Malformed request body',
  ],
  [
    'a member who gives it away',
    'red',
    'post',
    '/flavors/42/action',
    { addTenantAccess: { tenant: 'blue' } },
    403,
    "Policy doesn't allow os_compute_api:os-flavor-access:add_tenant_access to be performed.",
  ],
  ['a bad filter', 'red', 'get', '/flavors?minRam=x', {}, 400, 'Invalid minRam filter [x]'],
  [
    'a marker that is not there',
    'red',
    'get',
    '/flavors?marker=nope',
    {},
    400,
    'marker [nope] not found',
  ],
  [
    'a spec under another name',
    'admin',
    'put',
    '/flavors/42/os-extra_specs/hw:numa_nodes',
    { 'hw:cpu_policy': 'shared' },
    400,
    'Request body and URI mismatch',
  ],
  [
    'two specs at once',
    'admin',
    'put',
    '/flavors/42/os-extra_specs/a',
    { a: '1', b: '2' },
    400,
    "{'a': '1', 'b': '2'} has too many properties",
  ],
  [
    'a spec that is not there',
    'red',
    'get',
    '/flavors/42/os-extra_specs/a',
    {},
    404,
    'Flavor 42 has no extra specs with key a.',
  ],
  [
    'a member who describes it',
    'red',
    'post',
    '/flavors/42/os-extra_specs',
    { extra_specs: { a: '1' } },
    403,
    "Policy doesn't allow os_compute_api:os-flavor-extra-specs:create to be performed.",
  ],
  [
    'a change before 2.55',
    'admin',
    'put',
    '/flavors/42',
    { flavor: { description: 'd' } },
    404,
    "API version '2.1' is not supported on this method.",
  ],
];

for (const [why, who, method, path, body, status, text] of refused) {
  test(`${method.toUpperCase()} ${path} with ${why} is refused with ${status}`, async () => {
    await using world = await ComputeWorld.start();
    const answer = await world.as(who)[method](path, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    const [fault] = Object.values(answer.body) as { message: string }[];
    if (typeof text === 'string') assert.equal(fault?.message, text);
    else assert.match(fault?.message ?? '', text);
  });
}

test('extra specs are added, changed and taken away one by one', async () => {
  await using world = await ComputeWorld.start();
  const admin = world.as('admin');
  const specs = { 'hw:numa_nodes': '1', 'hw:cpu_policy': 'shared' };
  const made = await admin.post('/flavors/42/os-extra_specs', { extra_specs: specs });
  assert.deepEqual(made.body, { extra_specs: specs });
  const one = await admin.put('/flavors/42/os-extra_specs/hw:numa_nodes', { 'hw:numa_nodes': '2' });
  assert.deepEqual(one.body, { 'hw:numa_nodes': '2' });
  assert.deepEqual((await admin.get('/flavors/42/os-extra_specs/hw:numa_nodes')).body, {
    'hw:numa_nodes': '2',
  });
  assert.equal((await admin.delete('/flavors/42/os-extra_specs/hw:cpu_policy')).status, 200);
  const left = await world.as('red').get('/flavors/42/os-extra_specs');
  assert.deepEqual(left.body, { extra_specs: { 'hw:numa_nodes': '2' } });
});

test('flavors come in the order of their ids, a page at a time', async () => {
  await using world = await ComputeWorld.start();
  const { body } = await world.as('red').get('/flavors?limit=1');
  assert.equal(body.flavors[0].id, '1');
  assert.deepEqual(body.flavors_links, [
    { rel: 'next', href: 'http://localhost:80/compute/v2.1/flavors?limit=1&marker=1' },
  ]);
  const next = await world.as('red').get('/flavors?limit=1&marker=1');
  assert.equal(next.body.flavors[0].id, '2');
  const large = await world
    .as('red')
    .get('/flavors/detail?minRam=8192&sort_key=memory_mb&sort_dir=desc');
  assert.deepEqual(
    large.body.flavors.map(({ name }: { name: string }) => name),
    ['m1.xlarge', 'm1.large'],
  );
});
