/** The files of the config drive: the same as the metadata service answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configDriveFiles } from './config-drive.ts';
import { answerFrom } from './metadata-router.ts';
import { contentWith, USER_DATA } from './testing.ts';

const content = contentWith();
const files = configDriveFiles(content);

function told(path: string): string {
  const { status, body } = answerFrom({ method: 'GET', path: `/${path}` }, content);
  assert.equal(status, 200, path);
  return Buffer.from(body, 'base64').toString();
}

test('every file of OpenStack is what the service answers at its path, and none is missing', () => {
  const versions = told('openstack').split('\n');
  const wanted = versions.flatMap((version) =>
    told(`openstack/${version}`)
      .split('\n')
      .filter((name) => name !== 'password')
      .map((name) => `openstack/${version}/${name}`),
  );
  const there = Object.keys(files).filter((path) => path.startsWith('openstack/'));
  assert.deepEqual(there.toSorted(), [...wanted, 'openstack/content/0000'].toSorted());
  for (const path of there) assert.equal(files[path], told(path), path);
});

test('of EC2 it has the newest version, as one file', () => {
  const paths = Object.keys(files).filter((path) => path.startsWith('ec2/'));
  const wanted = ['2009-04-04', 'latest'].flatMap((version) =>
    ['meta-data.json', 'user-data'].map((name) => `ec2/${version}/${name}`),
  );
  assert.deepEqual(paths.toSorted(), wanted.toSorted());
  const text = files['ec2/latest/meta-data.json'];
  assert.equal(typeof text, 'string');
  const ec2 = JSON.parse(text as string) as Record<string, unknown>;
  assert.deepEqual(Object.keys(ec2).toSorted(), [
    'ami-id',
    'ami-launch-index',
    'ami-manifest-path',
    'block-device-mapping',
    'hostname',
    'instance-action',
    'instance-id',
    'instance-type',
    'kernel-id',
    'local-hostname',
    'local-ipv4',
    'placement',
    'public-hostname',
    'public-ipv4',
    'public-keys',
    'reservation-id',
    'security-groups',
  ]);
  assert.deepEqual(ec2['public-keys'], { '0': { 'openssh-key': 'ssh-ed25519 AAAA' } });
  assert.equal(ec2['instance-id'], 'i-0000001f');
  assert.equal(files['ec2/latest/user-data'], USER_DATA);
});

test('user data that is no text comes through byte for byte', () => {
  const base64 = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff]).toString('base64');
  const binary = configDriveFiles(contentWith({ userData: base64 }));
  assert.deepEqual(binary['openstack/latest/user_data'], { base64 });
  assert.deepEqual(binary['ec2/latest/user-data'], { base64 });
});
