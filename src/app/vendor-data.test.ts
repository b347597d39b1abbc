/** What the operator tells every server, from a file. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readVendorData } from './vendor-data.ts';

const FILES: readonly (readonly [text: string | null, said: unknown])[] = [
  [null, {}],
  ['{"cloud-init": "#cloud-config"}', { 'cloud-init': '#cloud-config' }],
  ['"#!/bin/sh"', '#!/bin/sh'],
  ['["one", "two"]', ['one', 'two']],
];
for (const [text, said] of FILES) {
  test(`vendor data ${text ?? 'without a file'} is said as it is`, async () => {
    await using file = await fileWith(text);
    assert.deepEqual(readVendorData(file.path), said);
  });
}

test('vendor data that is no JSON stops the start, and the fault names the file', async () => {
  await using file = await fileWith('#cloud-config');
  assert.throws(() => readVendorData(file.path), {
    code: 'InvalidVendorData',
    message: `'${file.path}' is what every server is to be told, but it is no JSON. Put it right and start again.`,
  });
});

async function fileWith(text: string | null) {
  const folder = await mkdtemp(join(tmpdir(), 'vendor-data-'));
  const path = join(folder, 'vendor-data.json');
  if (text !== null) await writeFile(path, text);
  return {
    path,
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  };
}
