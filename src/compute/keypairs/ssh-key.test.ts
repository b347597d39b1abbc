/** Keys against what ssh-keygen says of them. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { checkKeypairName } from './keypair.rules.ts';
import { newSshKey, sshFingerprint } from './ssh-key.ts';

/** Made by ssh-keygen, with the fingerprint that `ssh-keygen -l -E md5` gives. */
const KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKO8PcMvR1m327fnvoqZBmXi2RT8FZLxXNlZgDfPUHFz someone@somewhere';
const FINGERPRINT = 'c2:87:81:28:fe:d3:e8:61:88:e3:c1:29:1b:8d:49:d6';

test('a key has the fingerprint that ssh-keygen gives it, whatever its comment is', () => {
  assert.equal(sshFingerprint(KEY), FINGERPRINT);
  assert.equal(sshFingerprint(KEY.split(' ').slice(0, 2).join(' ')), FINGERPRINT);
});

for (const broken of [
  '',
  'ssh-rsa',
  'ssh-rsa AAAAAAAAAAAAAAAA',
  'ssh-rsa !!!!',
  KEY.replace('ssh-ed25519', 'ssh-rsa'),
]) {
  test(`'${broken.slice(0, 30)}' is no key`, () => {
    assert.equal(sshFingerprint(broken), undefined);
  });
}

test('a new pair is one pair', async () => {
  const { publicKey, privateKey } = await newSshKey();
  assert.notEqual(sshFingerprint(publicKey), undefined);
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  const { n = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  assert.ok(blob.includes(Buffer.from(n, 'base64url')));
});

const names: readonly [string, number, boolean][] = [
  ['key', 1, true],
  ['a key_-1', 1, true],
  [' key', 1, false],
  ['key_/.\\@:', 1, false],
  ['me@home.net', 91, false],
  ['me@home.net', 92, true],
];

for (const [name, minor, valid] of names) {
  test(`the name '${name}' is ${valid ? 'allowed' : 'refused'} in 2.${minor}`, () => {
    if (valid) checkKeypairName(name, minor);
    else assert.throws(() => checkKeypairName(name, minor), { kind: 'invalid' });
  });
}
