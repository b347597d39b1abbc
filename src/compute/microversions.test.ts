/** Microversions: which header counts, what is refused, what is told in answers; and version discovery. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ComputeWorld } from './fake/compute-world.ts';
import { MICROVERSIONS, MAX_MINOR, requestedMinor } from './microversions.ts';

const asked: readonly (readonly [headers: Record<string, string>, minor: number])[] = [
  [{}, 1],
  [{ 'openstack-api-version': 'compute 2.90' }, 90],
  [{ 'openstack-api-version': 'volume 3.60, compute 2.27' }, 27],
  [{ 'openstack-api-version': 'volume 3.60' }, 1],
  [{ 'openstack-api-version': 'compute latest' }, MAX_MINOR],
  [{ 'x-openstack-nova-api-version': '2.40' }, 40],
  [{ 'x-openstack-nova-api-version': 'LATEST' }, MAX_MINOR],
  [{ 'openstack-api-version': 'compute 2.5', 'x-openstack-nova-api-version': '2.40' }, 5],
];
for (const [headers, minor] of asked) {
  test(`${JSON.stringify(headers)} asks for 2.${minor}`, () => {
    assert.equal(requestedMinor(headers), minor);
  });
}

const refused: readonly (readonly [version: string, code: string, text: RegExp])[] = [
  [
    '2.105',
    'InvalidGlobalAPIVersion',
    /^Version 2\.105 is not supported by the API\. Minimum is 2\.1 and maximum is 2\.104\.$/,
  ],
  ['2.0', 'InvalidGlobalAPIVersion', /^Version 2\.0 is not supported/],
  ['3.1', 'InvalidGlobalAPIVersion', /^Version 3\.1 is not supported/],
  [
    '2',
    'HTTPBadRequest',
    /^API Version String 2 is of invalid format\. Must be of format MajorNum\.MinorNum\.$/,
  ],
  ['2.01', 'HTTPBadRequest', /is of invalid format/],
  ['x.y', 'HTTPBadRequest', /is of invalid format/],
  ['', 'HTTPBadRequest', /is of invalid format/],
];
for (const [version, code, message] of refused) {
  test(`version '${version}' is refused as ${code}`, () => {
    assert.throws(() => requestedMinor({ 'openstack-api-version': `compute ${version}` }), {
      code,
      message,
    });
  });
}

test('the list of microversions goes up and ends at the newest', () => {
  const minors = MICROVERSIONS.map(({ minor }) => minor);
  assert.deepEqual(
    minors,
    [...new Set(minors)].toSorted((one, other) => one - other),
  );
  assert.equal(minors.at(-1), MAX_MINOR);
});

const world = await ComputeWorld.start();
after(async () => {
  await world[Symbol.asyncDispose]();
});

const get = async (url: string, headers: Record<string, string> = {}) =>
  await world.app.inject({ method: 'GET', url, headers });

test('answers say the version and what they vary with', async () => {
  const { headers } = await world.as('red', '2.53').get('/flavors');
  assert.equal(headers['openstack-api-version'], 'compute 2.53');
  assert.equal(headers['x-openstack-nova-api-version'], '2.53');
  assert.equal(headers['vary'], 'OpenStack-API-Version, X-OpenStack-Nova-API-Version');
});

test('a version above the newest is 406, with the words of Nova', async () => {
  const { status, body } = await world.as('red', '2.105').get('/flavors');
  assert.equal(status, 406);
  assert.equal(body.computeFault.code, 406);
});

test('version discovery needs no token and names both versions', async () => {
  const all = await get('/compute/');
  assert.equal(all.statusCode, 200);
  assert.deepEqual(
    all
      .json()
      .versions.map(({ id, status, version, min_version: min }: Record<string, string>) => [
        id,
        status,
        version,
        min,
      ]),
    [
      ['v2.0', 'SUPPORTED', '', ''],
      ['v2.1', 'CURRENT', '2.104', '2.1'],
    ],
  );
  assert.equal((await get('/compute')).statusCode, 200);
  const one = (await get('/compute/v2.1/')).json().version;
  assert.equal(one.links[0].href, 'http://localhost:80/compute/v2.1/');
  assert.deepEqual(one['media-types'], [
    { base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2.1' },
  ]);
});

test('a project id in the path works when it is the own one', async () => {
  const headers = { 'x-auth-token': 'red' };
  assert.equal((await get('/compute/v2.1/red/servers', headers)).statusCode, 200);
  const other = await get('/compute/v2.1/blue/servers', headers);
  assert.equal(other.statusCode, 400);
  assert.equal(
    other.json().badRequest.message,
    "Malformed request URL: URL's project_id 'blue' doesn't match Context's project_id 'red'",
  );
});

test('/v2 is 2.1 without microversions', async () => {
  const headers = { 'x-auth-token': 'red', 'openstack-api-version': 'compute 2.90' };
  const answer = await get('/compute/v2/red/flavors/42', headers);
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['openstack-api-version'], undefined);
  assert.equal('description' in answer.json().flavor, false);
});

test('from 2.102 on, a query that means nothing is refused everywhere', async () => {
  const id = await world.boot();
  for (const path of [
    `/servers/${id}`,
    `/servers/${id}/ips`,
    `/servers/${id}/metadata`,
    `/servers/${id}/tags`,
    `/servers/${id}/os-interface`,
    '/flavors/42',
    '/flavors/42/os-extra_specs',
  ]) {
    assert.equal((await world.as('red', '2.101').get(`${path}?colour=red`)).status, 200, path);
    assert.equal((await world.as('red', '2.102').get(`${path}?colour=red`)).status, 400, path);
  }
});
