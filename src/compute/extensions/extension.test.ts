/** The list of extensions over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from '../fake/compute-world.ts';
import { EXTENSIONS } from './extensions.ts';

test('extensions are listed by alias, each once, and shown', async () => {
  await using world = await ComputeWorld.start();
  const red = world.as('red');
  const { extensions } = (await red.get('/extensions')).body;
  const aliases = (extensions as { alias: string }[]).map(({ alias }) => alias);
  assert.deepEqual(aliases, [...new Set(aliases)].sort());
  assert.equal(aliases.length, EXTENSIONS.length);
  const shown = await red.get('/extensions/os-attach-interfaces');
  assert.equal(shown.body.extension.name, 'AttachInterfaces');
  const lost = await red.get('/extensions/os-nothing');
  assert.equal(lost.body.itemNotFound.message, 'The resource could not be found.');
});
