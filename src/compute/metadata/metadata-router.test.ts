/** The metadata service's trees: what lies where, in which version, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpAnswer } from '#base/host/metadata.ts';
import type { MetadataContent } from './content.ts';
import { answerFrom, asksForPassword, stepsOf } from './metadata-router.ts';
import { contentWith, USER_DATA } from './testing.ts';

const TEXT = 'text/plain; charset=UTF-8';
const JSON_TYPE = 'application/json';
const ALL = contentWith();
const BARE = contentWith({ userData: null, files: [], ec2: {} });

const bodyOf = ({ body }: HttpAnswer) => Buffer.from(body, 'base64').toString();
const get = (path: string, content: MetadataContent = ALL) =>
  answerFrom({ method: 'GET', path }, content);

const EC2_VERSIONS =
  '1.0\n2007-01-19\n2007-03-01\n2007-08-29\n2007-10-10\n2007-12-15\n2008-02-01\n2008-09-01\n2009-04-04\nlatest';
const OPENSTACK_VERSIONS =
  '2012-08-10\n2013-04-04\n2013-10-17\n2015-10-15\n2016-06-30\n2016-10-06\n2017-02-22\n2018-08-27\n2020-10-14\n2025-04-04\nlatest';
const EC2_FIRST =
  'ami-id\nami-launch-index\nami-manifest-path\nhostname\ninstance-id\nlocal-ipv4\npublic-keys/\nreservation-id\nsecurity-groups';
const EC2_NEWEST =
  'ami-id\nami-launch-index\nami-manifest-path\nblock-device-mapping/\nhostname\ninstance-action\ninstance-id\n' +
  'instance-type\nkernel-id\nlocal-hostname\nlocal-ipv4\nplacement/\npublic-hostname\npublic-ipv4\npublic-keys/\n' +
  'reservation-id\nsecurity-groups';

const FOUND: readonly (readonly [path: string, text: string])[] = [
  ['/', EC2_VERSIONS],
  ['', EC2_VERSIONS],
  ['/ec2', EC2_VERSIONS],
  ['/ec2/', EC2_VERSIONS],
  ['/openstack', OPENSTACK_VERSIONS],
  ['/openstack/', OPENSTACK_VERSIONS],
  ['/openstack/2012-08-10', 'meta_data.json\nuser_data'],
  ['/openstack/2013-04-04/', 'meta_data.json\nuser_data\npassword'],
  ['/openstack/2013-10-17', 'meta_data.json\nuser_data\npassword\nvendor_data.json'],
  [
    '/openstack/2015-10-15',
    'meta_data.json\nuser_data\npassword\nvendor_data.json\nnetwork_data.json',
  ],
  [
    '/openstack/2016-06-30',
    'meta_data.json\nuser_data\npassword\nvendor_data.json\nnetwork_data.json',
  ],
  [
    '/openstack/latest/',
    'meta_data.json\nuser_data\npassword\nvendor_data.json\nnetwork_data.json\nvendor_data2.json',
  ],
  ['/openstack/latest/user_data', USER_DATA],
  ['/openstack/2015-10-15/network_data.json', '{"links":[],"networks":[],"services":[]}'],
  ['/openstack/content/0000', 'hi'],
  ['/latest', 'meta-data/\nuser-data'],
  ['/1.0/', 'meta-data/\nuser-data'],
  ['/latest/user-data', USER_DATA],
  ['/2009-04-04/user-data/', USER_DATA],
  ['/1.0/meta-data', EC2_FIRST],
  ['/latest/meta-data/', EC2_NEWEST],
  ['/ec2/latest/meta-data', EC2_NEWEST],
  ['/latest/meta-data/ami-id', 'ami-33333333'],
  ['/latest/meta-data/ami-launch-index', '0'],
  ['/latest/meta-data/block-device-mapping/', 'ami\nephemeral0\nroot'],
  ['/latest/meta-data/block-device-mapping/ami', 'vda'],
  ['/latest/meta-data/block-device-mapping/root', '/dev/vda'],
  ['/latest/meta-data/block-device-mapping/ephemeral0', '/dev/vdb'],
  ['/latest/meta-data/hostname', 'vm.novalocal'],
  ['/latest/meta-data/instance-id', 'i-0000001f'],
  ['/latest/meta-data/instance-type', 'm1.tiny'],
  ['/latest/meta-data/kernel-id', 'aki-44444444'],
  ['/latest/meta-data/local-ipv4', '10.0.0.5'],
  ['/latest/meta-data/placement', 'availability-zone'],
  ['/latest/meta-data/placement/availability-zone', 'nova'],
  ['/latest/meta-data/public-ipv4', '172.24.4.9'],
  ['/latest/meta-data/public-keys/', '0=my key'],
  ['/latest/meta-data/public-keys/0', 'openssh-key'],
  ['/latest/meta-data/public-keys/0/openssh-key', 'ssh-ed25519 AAAA'],
  ['/latest/meta-data/reservation-id', 'r-abcdefgh'],
  ['/latest/meta-data/security-groups', 'default\nweb'],
  ['/2008-02-01/meta-data/placement/', 'availability-zone'],
  ['//latest//meta-data/./hostname?recursive=true', 'vm.novalocal'],
  ['/latest/user-data/../meta-data/hostname', 'vm.novalocal'],
  ['/latest/meta%2Ddata/hostname', 'vm.novalocal'],
];
for (const [path, text] of FOUND) {
  test(`GET '${path}' is plain text`, () => {
    const answer = get(path);
    assert.equal(bodyOf(answer), text);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], TEXT);
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(text)));
  });
}

const JSON_FILES: readonly (readonly [path: string, value: unknown])[] = [
  ['/openstack/latest/vendor_data.json', { 'cloud-init': '#cloud-config' }],
  ['/openstack/2016-10-06/vendor_data2.json', { static: { 'cloud-init': '#cloud-config' } }],
];
for (const [path, value] of JSON_FILES) {
  test(`GET '${path}' is JSON`, () => {
    const answer = get(path);
    assert.deepEqual(JSON.parse(bodyOf(answer)), value);
    assert.equal(answer.headers['content-type'], JSON_TYPE);
  });
}

const MEMBERS: readonly (readonly [version: string, later: string])[] = [
  ['2012-08-10', ''],
  ['2013-04-04', 'random_seed'],
  ['2013-10-17', 'random_seed'],
  ['2015-10-15', 'random_seed project_id'],
  ['2016-06-30', 'random_seed project_id devices'],
  ['2018-08-27', 'random_seed project_id devices'],
  ['2020-10-14', 'random_seed project_id devices dedicated_cpus'],
  ['2025-04-04', 'random_seed project_id devices dedicated_cpus'],
  ['latest', 'random_seed project_id devices dedicated_cpus'],
];
for (const [version, later] of MEMBERS) {
  test(`meta_data.json of ${version} has what there was by then`, () => {
    const answer = get(`/openstack/${version}/meta_data.json`);
    const base = 'uuid meta files public_keys keys hostname name launch_index availability_zone';
    const told = JSON.parse(bodyOf(answer)) as Record<string, unknown>;
    assert.deepEqual(Object.keys(told).join(' '), `${base} ${later}`.trim());
    assert.equal(answer.headers['content-type'], JSON_TYPE);
    const devices = told['devices'] as Record<string, unknown>[] | undefined;
    assert.equal(
      devices?.some((device) => 'vf_trusted' in device) ?? false,
      version >= '2018-08-27',
    );
  });
}

test('tagged cards and disks are told with their places on the bus', () => {
  const { devices } = JSON.parse(bodyOf(get('/openstack/latest/meta_data.json'))) as {
    devices: unknown;
  };
  assert.deepEqual(devices, [
    {
      vf_trusted: false,
      type: 'nic',
      mac: 'fa:16:3e:00:00:02',
      bus: 'pci',
      address: '0000:02:00.0',
      tags: ['data'],
    },
    { type: 'disk', serial: null, bus: 'pci', address: '0000:1d:00.0', tags: ['system'] },
  ]);
});

const MISSING: readonly (readonly [path: string, content?: MetadataContent])[] = [
  ['/openstack/2014-01-01'],
  ['/openstack/2014-01-01/meta_data.json'],
  ['/openstack/latest/meta_data'],
  ['/openstack/latest/meta_data.json/more'],
  ['/openstack/latest/user_data', BARE],
  ['/openstack/2013-04-04/vendor_data.json'],
  ['/openstack/2013-10-17/network_data.json'],
  ['/openstack/2016-06-30/vendor_data2.json'],
  ['/openstack/content'],
  ['/openstack/content/0001'],
  ['/openstack/content/0'],
  ['/openstack/content/0000/more'],
  ['/2010-01-01'],
  ['/latest/meta-data/none'],
  ['/latest/meta-data/hostname/more'],
  ['/latest/meta-data/public-keys/1'],
  ['/latest/meta-data/constructor'],
  ['/latest/user-data', BARE],
  ['/latest/user-data/more'],
  ['/latest/dynamic'],
  ['/latest/dynamic/instance-identity/document'],
  ['/1.0/meta-data/placement'],
  ['/2007-01-19/meta-data/instance-type'],
  ['/latest/meta-data/%'],
  ['/etc/passwd'],
];
for (const [path, content] of MISSING) {
  test(`GET '${path}' is not found`, () => {
    const answer = get(path, content);
    assert.equal(answer.status, 404);
    assert.equal(answer.headers['content-type'], 'text/html; charset=UTF-8');
    assert.match(bodyOf(answer), /404 Not Found/);
  });
}

test('a listing leaves out user data that there is none of', () => {
  assert.equal(bodyOf(get('/openstack/2012-08-10', BARE)), 'meta_data.json');
  assert.equal(bodyOf(get('/latest', BARE)), 'meta-data/');
});

test('bytes that are no text come through as they are', () => {
  const bytes = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff]);
  const content = contentWith({ userData: bytes.toString('base64') });
  for (const path of ['/openstack/latest/user_data', '/latest/user-data']) {
    assert.deepEqual(Buffer.from(get(path, content).body, 'base64'), bytes);
  }
});

test('HEAD is answered as GET without what is in it; other methods are refused', () => {
  const path = '/openstack/latest/user_data';
  const head = answerFrom({ method: 'HEAD', path }, ALL);
  assert.deepEqual(head, { ...get(path), body: '' });
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const answer = answerFrom({ method, path }, ALL);
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers['allow'], 'GET, HEAD');
  }
  assert.equal(answerFrom({ method: 'PUT', path: '/latest/none' }, ALL).status, 404);
});

for (const [path, asks] of [
  ['/openstack/2013-04-04/password', true],
  ['/openstack/latest/password/', true],
  ['/openstack/2012-08-10/password', false],
  ['/openstack/latest/password/more', false],
  ['/openstack/none/password', false],
  ['/latest/password', false],
] as const) {
  test(`'${path}' ${asks ? 'is' : 'is not'} the password`, () => {
    assert.equal(asksForPassword({ method: 'GET', path }), asks);
  });
}

test('what is no path has no steps', () => {
  assert.equal(stepsOf('/%E0%A4%A'), undefined);
  assert.deepEqual(stepsOf('/../..'), ['ec2']);
});
