/** The first sector of the disk, as a BIOS and a kernel read it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeBootRecord } from './boot-disk.ts';

const MIB = 1 << 20;
const boot = { startBytes: MIB, sizeBytes: 24 * MIB, type: 0x0e, active: true };
const state = { startBytes: 25 * MIB, sizeBytes: 16 * MIB, type: 0x83, active: false };

test('a boot record says where partitions are and which one boots', () => {
  const record = writeBootRecord(Buffer.alloc(440, 0x90), 0x12345678, [boot, state]);
  assert.equal(record.length, 512);
  assert.equal(record.readUInt16BE(510), 0x55aa);
  assert.equal(record.readUInt8(439), 0x90);
  assert.equal(record.readUInt32LE(440), 0x12345678);
  const partitions = [446, 462].map((at) => [
    record.readUInt8(at),
    record.readUInt8(at + 4),
    record.readUInt32LE(at + 8),
    record.readUInt32LE(at + 12),
  ]);
  assert.deepEqual(partitions, [
    [0x80, 0x0e, 2048, 49152],
    [0, 0x83, 51200, 32768],
  ]);
  assert.ok(record.subarray(478, 510).every((byte) => byte === 0));
});

test('boot code that would run into the partition table is refused', () => {
  assert.throws(() => writeBootRecord(Buffer.alloc(441), 0, []), /441 bytes does not fit into 440/);
});
