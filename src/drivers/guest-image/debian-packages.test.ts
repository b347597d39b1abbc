/** Reading what apt and dpkg print. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDepends, parsePrintedUris, unpackedName } from './debian-packages.ts';

const HASH = 'ab'.repeat(32);

test('packages are read from what apt would fetch, with their epochs, in order of name', () => {
  const printed = [
    `'http://deb.example/libz_1%2b2.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86000 SHA256:${HASH}`,
    `'http://deb.example/bash.deb' bash_5.2.15-2+b13_amd64.deb 1490828 SHA256:${HASH}`,
    'Reading package lists...',
    '',
  ].join('\n');
  assert.deepEqual(
    parsePrintedUris(printed).map(({ name, version, file }) => [name, version, file]),
    [
      ['bash', '5.2.15-2+b13', 'bash_5.2.15-2+b13_amd64.deb'],
      ['zlib1g', '1:1.2.13.dfsg-1', 'zlib1g_1%3a1.2.13.dfsg-1_amd64.deb'],
    ],
  );
});

const fields = [
  { text: 'libc6 (>= 2.34), libtinfo6 (>= 6)', names: ['libc6', 'libtinfo6'] },
  { text: 'Depends: debconf (>= 0.5) | debconf-2.0, libc6', names: ['debconf', 'libc6'] },
  {
    text: 'Depends: libc6 (= 2)\nPre-Depends: libblkid1, libstdc++6:any',
    names: ['libc6', 'libblkid1', 'libstdc++6'],
  },
  { text: '\n', names: [] },
];
for (const { text, names } of fields) {
  test(`the dependencies ${JSON.stringify(text)} name ${names.join(' and ') || 'nothing'}`, () => {
    assert.deepEqual(parseDepends(text), names);
  });
}

test('two builds of one version are kept apart', () => {
  const wanted = { name: 'a', version: '1', file: 'a_1_amd64.deb', sha256: HASH };
  assert.notEqual(unpackedName(wanted), unpackedName({ ...wanted, sha256: 'cd'.repeat(32) }));
});
