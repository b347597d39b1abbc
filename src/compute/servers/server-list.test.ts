/** GET /servers: filters, pages, order, and what is refused. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setLimits } from '#platform/quota/quota.store.ts';
import { ComputeWorld, IMAGE, NET_1, NET_2 } from '../fake/compute-world.ts';

const world = await ComputeWorld.start();
await setLimits(world.db, 'compute', 'red', { instances: -1, cores: -1, ram: -1 });
/** In the order of creation: lists are the other way round. */
const NAMES = ['web-1', 'web-2', 'db', 'Cache_%'];
const ids = new Map<string, string>();
for (const [index, name] of NAMES.entries()) {
  const id = await world.boot(
    {
      name,
      networks: [{ uuid: index === 2 ? NET_2 : NET_1 }],
      metadata: { tier: index < 2 ? 'front' : 'back' },
      tags: index < 2 ? ['front', `t${index}`] : [],
      flavorRef: index === 2 ? '84' : '42',
    },
    '2.52',
  );
  ids.set(name, id);
  // Times have milliseconds here, so the order of creation is known.
  await world.db
    .updateTable('servers')
    .set({ created_at: `2026-01-0${index + 1}T00:00:00.000Z` })
    .where('id', '=', id)
    .execute();
}
await world.as('red').post(`/servers/${ids.get('db')}/action`, { 'os-stop': null });
await world.idle();
await world.as('admin').post(`/servers/${ids.get('web-1')}/action`, { lock: null });
const address = [...world.network.ports.values()].find(
  ({ deviceId }) => deviceId === ids.get('web-2'),
)?.fixedIps[0]?.ip;
after(async () => {
  await world[Symbol.asyncDispose]();
});

const ALL = NAMES.toReversed();
const found: readonly (readonly [
  query: string,
  names: readonly string[],
  options?: { as?: 'red' | 'admin' | 'blue'; version?: string },
])[] = [
  ['', ALL],
  ['', [], { as: 'blue' }],
  ['limit=0', []],
  ['limit=2', ['Cache_%', 'db']],
  [`limit=2&marker=${ids.get('db')}`, ['web-2', 'web-1']],
  ['sort_key=display_name&sort_dir=asc', ['Cache_%', 'db', 'web-1', 'web-2']],
  ['sort_key=created_at&sort_dir=asc&limit=1', ['web-1']],
  ['name=web', ['web-2', 'web-1']],
  ['name=WEB', ['web-2', 'web-1']],
  ['name=%25', ['Cache_%']],
  ['name=^web-[2-9]$', ['web-2']],
  ['name=web-1|db', ['db', 'web-1']],
  ['name=nothing', []],
  ['status=ACTIVE', ['Cache_%', 'web-2', 'web-1']],
  ['status=shutoff', ['db']],
  ['status=ACTIVE&status=SHUTOFF', ALL],
  ['status=nonsense', []],
  ['status=RESCUE', [], { version: '2.38' }],
  [`image=${IMAGE}`, ALL],
  ['image=other', []],
  ['flavor=84', ['db']],
  ['ip=10.0.0.', ['Cache_%', 'web-2', 'web-1']],
  [`ip=^${address}$`, ['web-2']],
  ['ip6=fd', ALL],
  ['ip6=fd', [], { version: '2.5' }],
  ['tags=front', ALL],
  ['tags=front', ['web-2', 'web-1'], { version: '2.26' }],
  ['tags=front,t1', ['web-2'], { version: '2.26' }],
  ['tags-any=t0,t1', ['web-2', 'web-1'], { version: '2.26' }],
  ['not-tags=front,t1', ['Cache_%', 'db', 'web-1'], { version: '2.26' }],
  ['not-tags-any=front,t1', ['Cache_%', 'db'], { version: '2.26' }],
  ['locked=true', ['web-1'], { version: '2.73' }],
  ['locked=false', ['Cache_%', 'db', 'web-2'], { version: '2.73' }],
  ['host=node-9', ALL],
  ['host=node-9', [], { as: 'admin' }],
  ['host=node-1', ALL, { as: 'admin' }],
  ['metadata={"tier":"back"}', ['Cache_%', 'db'], { as: 'admin' }],
  ['vm_state=stopped', ['db'], { version: '2.83' }],
  ['power_state=4', ['db'], { as: 'admin' }],
  ['all_tenants=', ALL, { as: 'admin' }],
  ['all_tenants=1&tenant_id=blue', [], { as: 'admin' }],
  ['tenant_id=blue', ALL, { as: 'admin' }],
  ['changes-since=2051-01-01T12:34:00Z', []],
  ['changes-since=2011-01-01T12:34:00Z', ALL],
  ['changes-before=2011-01-01T12:34:00Z', [], { version: '2.66' }],
  ['colour=red', ALL],
];

for (const [query, names, { as = 'red', version = '2.1' } = {}] of found) {
  test(`GET /servers?${query} (${as}, ${version}) finds [${names.join(', ')}]`, async () => {
    const { status, body } = await world
      .as(as, version)
      .get(`/servers?${encodeURI(query).replaceAll('%2525', '%25')}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(
      body.servers.map(({ name }: { name: string }) => name),
      names,
    );
  });
}

const refused: readonly (readonly [
  query: string,
  status: number,
  text: string | RegExp,
  options?: { as?: 'red'; version?: string },
])[] = [
  [
    'limit=-1',
    400,
    "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'",
  ],
  [
    'limit=testing',
    400,
    "Invalid input for query parameters limit. Value: testing. 'testing' does not match '^[0-9]*$'",
  ],
  [
    'changes-since=2011/01/01',
    400,
    "Invalid input for query parameters changes-since. Value: 2011/01/01. '2011/01/01' is not a 'date-time'",
  ],
  ['marker=nobody', 400, 'marker [nobody] not found'],
  ['sort_key=colour', 400, /Invalid input for query parameters sort_key\. Value: colour\./],
  ['status=nonsense', 400, 'Invalid status value', { version: '2.38' }],
  ['status=DELETED', 403, 'Only administrators may list deleted instances'],
  [
    'all_tenants=1',
    403,
    "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.",
  ],
  [
    'colour=red',
    400,
    /Additional properties are not allowed \('colour' was unexpected\)/,
    { version: '2.75' },
  ],
  ['name=(', 400, /is not a 'regex'/],
  ['name=(?=a)', 400, /is not a regular expression that can be searched for/],
];

for (const [query, status, text, { as = 'red', version = '2.1' } = {}] of refused) {
  test(`GET /servers?${query} (${version}) is refused with ${status}`, async () => {
    const answer = await world.as(as, version).get(`/servers?${query}`);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    const [fault] = Object.values(answer.body) as { message: string }[];
    if (typeof text === 'string') assert.equal(fault?.message, text);
    else assert.match(fault?.message ?? '', text);
  });
}

test('a page links to the next one, and the last page does not', async () => {
  const { body } = await world.as('red').get('/servers?limit=3');
  const marker = body.servers.at(-1).id as string;
  assert.deepEqual(body.servers_links, [
    { rel: 'next', href: `http://localhost:80/compute/v2.1/servers?limit=3&marker=${marker}` },
  ]);
  const next = await world.as('red').get(`/servers?limit=3&marker=${marker}`);
  assert.equal(next.body.servers.length, 1);
  assert.equal(next.body.servers_links, undefined);
});

test('an admin lists deleted servers, and changes tell of them', async () => {
  await using own = await ComputeWorld.start();
  const id = await own.boot();
  await own.as('red').delete(`/servers/${id}`);
  await own.idle();
  const names = async (query: string, who: 'red' | 'admin') =>
    (await own.as(who).get(`/servers/detail?${query}`)).body.servers.map(
      ({ status }: { status: string }) => status,
    );
  assert.deepEqual(await names('', 'admin'), []);
  assert.deepEqual(await names('deleted=1', 'admin'), ['DELETED']);
  assert.deepEqual(await names('deleted=1', 'red'), []);
  assert.deepEqual(await names('status=DELETED', 'admin'), ['DELETED']);
  assert.deepEqual(await names('changes-since=2020-01-01T00:00:00Z', 'red'), ['DELETED']);
});
