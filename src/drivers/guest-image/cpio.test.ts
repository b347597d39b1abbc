/** The archive writer against the cpio that people have, and what a kernel expects beyond it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeCpio, type TreeEntry } from './cpio.ts';

const text = (path: string, content: string): TreeEntry => ({
  path,
  mode: 0o644,
  kind: 'file',
  data: Buffer.from(content),
});

function aligned(at: number): number {
  return Math.ceil(at / 4) * 4;
}

/** Reads an archive back by the format's description: fields of eight hexadecimal digits, names and contents on fours. */
function readBack(
  archive: Uint8Array,
): Map<string, { mode: number; inode: number; content: string; device: string }> {
  const bytes = Buffer.from(archive);
  const found = new Map<string, { mode: number; inode: number; content: string; device: string }>();
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes.toString('latin1', at, at + 6), '070701');
    const field = (index: number): number =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const name = bytes.toString('utf8', at + 110, nameEnd - 1);
    const start = aligned(nameEnd);
    const content = bytes.toString('utf8', start, start + field(6));
    found.set(name, {
      mode: field(1),
      inode: field(0),
      content,
      device: `${field(9)}:${field(10)}`,
    });
    at = aligned(start + field(6));
  }
  return found;
}

test('an archive holds files, links and devices with their kinds and permissions', () => {
  const read = readBack(
    writeCpio(
      [
        text('etc/name', 'tiny\n'),
        { path: 'bin/sh', mode: 0o777, kind: 'symlink', target: 'dash' },
        { path: 'dev/console', mode: 0o600, kind: 'character-device', major: 5, minor: 1 },
        { path: 'tmp', mode: 0o1777, kind: 'directory' },
      ],
      1_000_000,
    ),
  );
  assert.deepEqual(read.get('etc/name'), {
    mode: 0o100644,
    inode: read.get('etc/name')?.inode,
    content: 'tiny\n',
    device: '0:0',
  });
  assert.equal(read.get('bin/sh')?.content, 'dash');
  assert.equal(read.get('bin/sh')?.mode, 0o120777);
  assert.equal(read.get('dev/console')?.mode, 0o020600);
  assert.equal(read.get('dev/console')?.device, '5:1');
  assert.equal(read.get('tmp')?.mode, 0o041777);
});

test('parents that nobody named are there, before their children', () => {
  const names = [...readBack(writeCpio([text('a/b/c', '')], 0)).keys()];
  assert.deepEqual(names, ['a', 'a/b', 'a/b/c', 'TRAILER!!!']);
});

test('no two things share an inode, which the kernel would take for one file with two names', () => {
  const inodes = [
    ...readBack(writeCpio([text('a', '1'), text('b', '2'), text('c/d', '3')], 0)).values(),
  ];
  assert.equal(new Set(inodes.map(({ inode }) => inode)).size, inodes.length);
});

test('the order in which entries are named does not matter', () => {
  const entries = [text('b', '2'), text('a/x', '1'), text('a-b', '3')];
  assert.deepEqual(writeCpio(entries, 7), writeCpio(entries.toReversed(), 7));
});

test('two entries of one path are refused', () => {
  assert.throws(
    () => writeCpio([text('a', '1'), text('a', '2')], 0),
    /Two entries of the archive are 'a'/,
  );
});
