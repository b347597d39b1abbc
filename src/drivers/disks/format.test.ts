/** Proves that images are recognised by their content and that dangerous ones are refused. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../run.ts';
import { detectFormat, findRefusal, FORMAT_HEADER_BYTES, inspectImage } from './format.ts';

const { signal } = new AbortController();
const MiB = 1 << 20;

type Qcow2Header = {
  version?: number;
  backing?: bigint;
  clusterBits?: number;
  size?: bigint;
  crypt?: number;
  incompatible?: bigint;
  headerLength?: number;
  extension?: { type: number; length: number };
};

/** A version 3 header of a good image, apart from what the test asks for. */
function qcow2({ version = 3, backing = 0n, extension, ...rest }: Qcow2Header = {}): Buffer {
  const header = Buffer.alloc(FORMAT_HEADER_BYTES);
  header.write('514649fb', 'hex');
  header.writeUInt32BE(version, 4);
  header.writeBigUInt64BE(backing, 8);
  header.writeUInt32BE(rest.clusterBits ?? 16, 20);
  header.writeBigUInt64BE(rest.size ?? 1n << 30n, 24);
  header.writeUInt32BE(rest.crypt ?? 0, 32);
  if (version === 3) {
    header.writeBigUInt64BE(rest.incompatible ?? 0n, 72);
    header.writeUInt32BE(rest.headerLength ?? 104, 100);
  }
  if (extension) {
    const at = version === 3 ? 104 : 72;
    header.writeUInt32BE(extension.type, at);
    header.writeUInt32BE(extension.length, at + 4);
  }
  return header;
}

function vmdk(descriptor: string): Buffer {
  const header = Buffer.alloc(FORMAT_HEADER_BYTES);
  header.write('KDMV', 'latin1');
  header.writeBigUInt64LE(2048n, 12);
  header.writeBigUInt64LE(1n, 28);
  header.writeBigUInt64LE(20n, 36);
  header.write(descriptor, 512, 'latin1');
  return header;
}

function bytesAt(
  at: number,
  text: string,
  base: Buffer = Buffer.alloc(FORMAT_HEADER_BYTES),
): Buffer {
  base.write(text, at, 'latin1');
  return base;
}

const formats = [
  { what: 'nothing but zeros', header: Buffer.alloc(4096), format: 'raw', size: 5 * MiB },
  { what: 'no bytes at all', header: Buffer.alloc(0), format: 'raw', size: 5 * MiB },
  { what: 'a boot sector', header: bytesAt(510, '\x55\xaa'), format: 'raw', size: 5 * MiB },
  { what: 'a qcow2 header', header: qcow2(), format: 'qcow2', size: 1 << 30 },
  { what: 'an old qcow2 header', header: qcow2({ version: 2 }), format: 'qcow2', size: 1 << 30 },
  { what: 'an ISO 9660 volume', header: bytesAt(0x8001, 'CD001'), format: 'iso', size: 5 * MiB },
  {
    what: 'an ISO 9660 volume that a disk can boot too',
    header: bytesAt(510, '\x55\xaa', bytesAt(0x8001, 'CD001')),
    format: 'iso',
    size: 5 * MiB,
  },
  { what: 'a VirtualBox magic', header: bytesAt(0x40, '\x7f\x10\xda\xbe'), format: 'vdi', size: 0 },
  { what: 'a VHDX magic', header: bytesAt(0, 'vhdxfile'), format: 'vhdx', size: null },
  { what: 'a LUKS magic', header: bytesAt(0, 'LUKS\xba\xbe'), format: 'luks', size: null },
  {
    what: 'a VMDK in one file',
    header: vmdk('createType="monolithicSparse"\nRW 2048 SPARSE "a.vmdk"\n'),
    format: 'vmdk',
    size: MiB,
  },
];

for (const { what, header, format, size } of formats) {
  test(`${what} is recognised as ${format}`, () => {
    const report = detectFormat(header, 5 * MiB);
    assert.deepEqual(report, { format, virtualSizeBytes: size, unsafe: [] });
    assert.equal(findRefusal(format, report), null);
  });
}

const dataFile = { type: 0x44415441, length: 8 };
const harmful = [
  { why: 'a backing file', header: qcow2({ backing: 512n }), says: /backing file/ },
  { why: 'an external data file', header: qcow2({ incompatible: 4n }), says: /external file/ },
  { why: 'a data file name', header: qcow2({ extension: dataFile }), says: /external file/ },
  {
    why: 'a data file name in an old header',
    header: qcow2({ version: 2, extension: dataFile }),
    says: /external file/,
  },
  { why: 'unknown features', header: qcow2({ incompatible: 1n << 40n }), says: /0x10000000000/ },
  { why: 'the corrupt bit', header: qcow2({ incompatible: 2n }), says: /corrupt/ },
  { why: 'encryption', header: qcow2({ crypt: 2 }), says: /encrypted/ },
  { why: 'an unknown version', header: qcow2({ version: 9 }), says: /version 9/ },
  { why: 'absurd clusters', header: qcow2({ clusterBits: 63 }), says: /2\^63/ },
  { why: 'an absurd size', header: qcow2({ size: 1n << 63n }), says: /size is not possible/ },
  { why: 'an absurd header length', header: qcow2({ headerLength: 3 }), says: /length of 3/ },
  {
    why: 'an extension without end',
    header: qcow2({ extension: { type: 1, length: 0xffffffff } }),
    says: /do not end/,
  },
  { why: 'half a header', header: qcow2().subarray(0, 60), says: /cut short/ },
  { why: 'a second format', header: bytesAt(0x8001, 'CD001', qcow2()), says: /qcow2 and iso/ },
];

for (const { why, header, says } of harmful) {
  test(`a qcow2 image with ${why} is refused`, () => {
    assert.match(findRefusal('qcow2', detectFormat(header, 5 * MiB)) ?? '', says);
  });
}

const harmfulVmdks = [
  { why: 'a descriptor alone', header: bytesAt(0, '# Disk DescriptorFile\n'), says: /other files/ },
  {
    why: 'a flat extent',
    header: vmdk('createType="monolithicFlat"\nRW 1 FLAT "/etc/shadow" 0'),
    says: /monolithicFlat/,
  },
  {
    why: 'two extents',
    header: vmdk('createType="monolithicSparse"\nRW 1 SPARSE "a"\nRW 1 SPARSE "/etc/shadow"'),
    says: /2 extents/,
  },
];

for (const { why, header, says } of harmfulVmdks) {
  test(`a VMDK image with ${why} is refused`, () => {
    assert.match(findRefusal('vmdk', detectFormat(header, null)) ?? '', says);
  });
}

const declared = [
  { as: 'raw', header: qcow2(), refused: true },
  { as: 'raw', header: bytesAt(0x8001, 'CD001'), refused: true },
  { as: 'aki', header: qcow2({ backing: 1n }), refused: true },
  { as: 'qcow2', header: Buffer.alloc(512), refused: true },
  { as: 'iso', header: Buffer.alloc(512), refused: true },
  { as: 'ari', header: bytesAt(0, '\x1f\x8b\x08'), refused: false },
  { as: 'aki', header: bytesAt(510, '\x55\xaa'), refused: false },
];

for (const { as, header, refused } of declared) {
  const report = detectFormat(header, MiB);
  test(`${report.format} bytes declared as ${as} are ${refused ? 'refused' : 'taken'}`, () => {
    const refusal = findRefusal(as, report);
    if (refused) assert.match(refusal ?? '', /content does not match disk_format/);
    else assert.equal(refusal, null);
  });
}

test('a file is judged by its content, as qemu-img writes it', async () => {
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'format-'));
  undo.defer(() => rm(dir, { recursive: true }));
  const good = join(dir, 'good');
  await run('qemu-img', ['create', '-f', 'qcow2', good, '3M'], { signal });
  assert.deepEqual(await inspectImage(good, { signal }), {
    format: 'qcow2',
    virtualSizeBytes: 3 * MiB,
    unsafe: [],
  });

  const overlay = join(dir, 'overlay');
  const onGood = ['create', '-f', 'qcow2', '-b', good, '-F', 'qcow2', overlay];
  await run('qemu-img', onGood, { signal });
  assert.deepEqual((await inspectImage(overlay, { signal })).unsafe, ['it has a backing file']);

  const external = join(dir, 'external');
  const withData = [
    'create',
    '-f',
    'qcow2',
    '-o',
    `data_file=${join(dir, 'data')}`,
    external,
    '1M',
  ];
  await run('qemu-img', withData, { signal });
  const { unsafe } = await inspectImage(external, { signal });
  assert.deepEqual(unsafe, ['it keeps its data in an external file']);

  const short = join(dir, 'short');
  await writeFile(short, 'abc');
  assert.deepEqual(await inspectImage(short, { signal }), {
    format: 'raw',
    virtualSizeBytes: 3,
    unsafe: [],
  });
});
