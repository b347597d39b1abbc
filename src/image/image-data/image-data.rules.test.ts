/** Which bytes may become an image, and which part of it a `Range` asks for, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qcow2Bytes } from '../testing.ts';
import { checkFormatsSet, judge, parseRange } from './image-data.rules.ts';

const ranges = [
  { header: undefined, part: null },
  { header: 'bytes=0-4', part: { offset: 0, length: 5 } },
  { header: 'bytes=5-', part: { offset: 5, length: 5 } },
  { header: 'bytes=5-100', part: { offset: 5, length: 5 } },
  { header: 'bytes=-3', part: { offset: 7, length: 3 } },
  { header: 'bytes=-100', part: { offset: 0, length: 10 } },
  { header: 'Bytes = 9 - 9', part: { offset: 9, length: 1 } },
];

for (const { header, part } of ranges) {
  test(`of 10 bytes '${header}' is ${JSON.stringify(part)}`, () => {
    assert.deepEqual(parseRange(header, 10), part);
  });
}

for (const header of ['bytes=10-', 'bytes=-', 'bytes=-0', 'bytes=5-4', 'lines=1-2', 'x', '']) {
  test(`of 10 bytes '${header}' cannot be had`, () => {
    assert.throws(() => parseRange(header, 10), { code: 'RangeNotSatisfiable' });
  });
}

test('several ranges at once are refused', () => {
  assert.throws(() => parseRange('bytes=0-1,3-4', 10), { kind: 'invalid', code: 'Invalid' });
});

const zeros = Buffer.alloc(1024);
const qcow2 = qcow2Bytes({ size: 1n << 30n });
const judged = [
  { disk: 'raw', container: 'bare', header: zeros, refused: null, size: 2048 },
  { disk: 'qcow2', container: 'bare', header: qcow2, refused: null, size: 1 << 30 },
  { disk: 'raw', container: 'ami', header: zeros, refused: null, size: null },
  { disk: 'aki', container: 'bare', header: zeros, refused: null, size: null },
  { disk: 'ploop', container: 'bare', header: zeros, refused: null, size: null },
  {
    disk: 'raw',
    container: 'bare',
    header: qcow2,
    refused: 'Image disk_format raw does not match stream data qcow2',
  },
  { disk: 'aki', container: 'aki', header: qcow2, refused: /aki does not match stream data qcow2/ },
  { disk: 'qcow2', container: 'bare', header: zeros, refused: /does not match stream data raw/ },
  {
    disk: 'qcow2',
    container: 'bare',
    header: qcow2Bytes({ backing: true }),
    refused: /^Image failed safety checks: .*it has a backing file/,
  },
  // What is wrapped in something else is not looked at, and cannot be booted.
  { disk: 'qcow2', container: 'ova', header: zeros, refused: null, size: null },
];

for (const { disk, container, header, refused, size } of judged) {
  test(`${disk} in ${container} of ${header.length} bytes is ${refused ? 'refused' : 'taken'}`, () => {
    const { refusal, virtualSize } = judge(header, {
      disk_format: disk,
      container_format: container,
    });
    if (refused === null) {
      assert.equal(refusal, null);
      assert.equal(virtualSize(2048), size);
    } else {
      assert.match(refusal ?? '', new RegExp(refused));
    }
  });
}

test('bytes without a format are refused, and what is missing is named', () => {
  assert.throws(() => checkFormatsSet({ disk_format: null, container_format: 'bare' }), {
    message: 'Property disk_format must be set prior to saving data.',
  });
  assert.throws(() => checkFormatsSet({ disk_format: null, container_format: null }), {
    message: 'Properties disk_format, container_format must be set prior to saving data.',
  });
});
