/** POST /servers: what is refused with which words apart from networks, and what is answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, IMAGE, NET_1 } from '../fake/compute-world.ts';
import { MISSING, nets, testCases, type Case } from '../fake/create-cases.ts';

const OTHER: readonly Case[] = [
  {
    why: 'min over max',
    server: { min_count: 3, max_count: 2 },
    status: 400,
    text: 'min_count must be <= max_count',
  },
  {
    why: 'a count of nothing',
    server: { max_count: 0 },
    status: 400,
    text: 'Invalid input for field/attribute max_count. Value: 0. 0 is less than the minimum of 1',
  },
  {
    why: 'a count of nothing as text',
    server: { max_count: '0' },
    status: 400,
    text: /0'? is less than the minimum of 1/,
  },
  {
    why: 'more at once than anybody can mean',
    server: { max_count: 1_000_000_000 },
    status: 400,
    text: '1000000000 servers were asked for; one request makes 10000 at most.',
  },
  {
    why: 'a broken count',
    server: { min_count: 2.5 },
    status: 400,
    text: "Invalid input for field/attribute min_count. Value: 2.5. 2.5 is not of type 'integer', 'string'",
  },
  {
    why: 'a name that is a number',
    server: { name: 12345 },
    status: 400,
    text: "Invalid input for field/attribute name. Value: 12345. 12345 is not of type 'string'",
  },
  {
    why: 'no name',
    server: { name: '' },
    status: 400,
    text: "Invalid input for field/attribute name. Value: . '' is too short",
  },
  {
    why: 'a name with a space in front',
    server: { name: ' a' },
    status: 400,
    text: /An invalid 'name' value was provided/,
  },
  {
    why: 'an image that is a number',
    server: { imageRef: -1 },
    status: 400,
    text: 'Invalid input for field/attribute imageRef. Value: -1. -1 is not valid under any of the given schemas',
  },
  { why: 'no image', server: { imageRef: '' }, status: 400, text: 'Missing imageRef attribute' },
  {
    why: 'a flavor that is a number',
    server: { flavorRef: -1 },
    status: 400,
    text: 'Flavor -1 could not be found.',
  },
  {
    why: 'a bad IPv4 address',
    server: { accessIPv4: '1.1.1.1.1.1' },
    status: 400,
    text: "Invalid input for field/attribute accessIPv4. Value: 1.1.1.1.1.1. '1.1.1.1.1.1' is not a 'ipv4'",
  },
  {
    why: 'metadata without a name',
    server: { metadata: { '': 'x' } },
    status: 400,
    text: "Invalid input for field/attribute metadata. Value: {'': 'x'}. '' does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{1,255}$'",
  },
  {
    why: 'metadata of a number',
    server: { metadata: { a: 1 } },
    status: 400,
    text: "Invalid input for field/attribute a. Value: 1. 1 is not of type 'string'",
  },
  {
    why: 'too many metadata items',
    server: {
      metadata: Object.fromEntries(
        Array.from({ length: 129 }, (_none, index) => [`k${index}`, '']),
      ),
    },
    status: 403,
    text: 'Maximum number of metadata items exceeds 128',
  },
  { why: 'user data that is not base64', server: { user_data: '***' }, status: 400 },
  {
    why: 'an unknown member',
    server: { colour: 'red' },
    status: 400,
    text: /Additional properties are not allowed \('colour' was unexpected\)/,
  },
  { why: 'a description before 2.19', version: '2.18', server: { description: 'd' }, status: 400 },
  { why: 'tags before 2.52', version: '2.51', server: { tags: ['t'] }, status: 400 },
  { why: 'tags', version: '2.52', server: { tags: ['t'] }, status: 202 },
  {
    why: 'files until 2.56',
    version: '2.56',
    server: { personality: [{ path: '/a', contents: 'YQ==' }] },
    status: 202,
  },
  { why: 'files from 2.57 on', version: '2.57', server: { personality: [] }, status: 400 },
  {
    why: 'a forced host by a member',
    as: 'red',
    server: { availability_zone: 'nova:node-1' },
    status: 403,
    text: "Policy doesn't allow os_compute_api:servers:create:forced_host to be performed.",
  },
  { why: 'a forced host', as: 'admin', server: { availability_zone: 'nova:node-1' }, status: 202 },
  {
    why: 'a host from 2.74 on',
    as: 'admin',
    version: '2.74',
    server: { host: 'node-9' },
    status: 400,
    text: 'Compute host node-9 could not be found.',
  },
  { why: 'a hostname', version: '2.90', server: { hostname: 'web' }, status: 202 },
  {
    why: 'a volume to boot from',
    server: {
      block_device_mapping_v2: [
        { boot_index: 0, source_type: 'volume', destination_type: 'volume', uuid: MISSING },
      ],
    },
    status: 400,
    text: `Block Device Mapping is Invalid: failed to get volume ${MISSING}.`,
  },
  {
    why: 'the image as a local disk',
    server: {
      block_device_mapping_v2: [
        { boot_index: 0, source_type: 'image', destination_type: 'local', uuid: IMAGE },
      ],
    },
    status: 202,
  },
  {
    why: 'an image that wants more memory',
    server: {},
    prepare: (world) => void world.images.add(IMAGE, { minRamMib: 1024 }),
    status: 400,
    text: "Flavor's memory is too small for requested image.",
  },
  {
    why: 'an image that is larger than the disk',
    server: {},
    prepare: (world) => void world.images.add(IMAGE, { virtualSizeBytes: 2 ** 31 }),
    status: 400,
    text: /Flavor's disk is too small for requested image\. Flavor disk is 1073741824 bytes, image is 2147483648 bytes\./,
  },
  {
    why: 'an image without bytes',
    server: {},
    prepare: (world) => void world.images.add(IMAGE, { status: 'queued' }),
    status: 400,
    text: `Image ${IMAGE} is not active.`,
  },
  {
    why: 'more cores than the quota',
    server: { min_count: 21 },
    status: 403,
    text: 'Quota exceeded for cores, instances: Requested 21, but already used 0 of 20 cores, instances',
  },
  {
    why: 'more servers than the quota',
    server: { min_count: 11 },
    status: 403,
    text: 'Quota exceeded for instances: Requested 11, but already used 0 of 10 instances',
  },
];

await testCases(OTHER);

test('POST /servers with a port quota for two makes two of three servers', async () => {
  await using world = await ComputeWorld.start();
  world.network.quota = 2;
  const made = await world.as('red').post('/servers', {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: '42',
      min_count: 1,
      max_count: 3,
      ...nets({ uuid: NET_1 }),
    },
  });
  assert.equal(made.status, 202);
  await world.idle();
  const { body } = await world.as('red').get('/servers?sort_key=launch_index&sort_dir=asc');
  assert.deepEqual(
    body.servers.map(({ name }: { name: string }) => name),
    ['vm-1', 'vm-2'],
  );
});

test('POST /servers answers with the reservation when it is asked to', async () => {
  await using world = await ComputeWorld.start();
  const { status, body } = await world.as('red').post('/servers', {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: '42',
      return_reservation_id: true,
      ...nets({ uuid: NET_1 }),
    },
  });
  assert.equal(status, 202);
  assert.match(body.reservation_id, /^r-[a-z0-9]{8}$/);
  await world.idle();
});

test('POST /servers answers with the server that it makes, and no networks', async () => {
  await using world = await ComputeWorld.start();
  const { body, headers } = await world.as('red').post('/servers', {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: '42',
      adminPass: 'secret',
      ...nets({ uuid: NET_1 }),
    },
  });
  const { id } = body.server;
  const href = `http://localhost:80/compute/v2.1/servers/${id}`;
  assert.deepEqual(body.server, {
    id,
    links: [
      { rel: 'self', href },
      { rel: 'bookmark', href: `http://localhost:80/compute/servers/${id}` },
    ],
    'OS-DCF:diskConfig': 'MANUAL',
    security_groups: [{ name: 'default' }],
    adminPass: 'secret',
  });
  assert.equal(headers['location'], href);
  await world.idle();
});
