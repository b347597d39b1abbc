/** Tags of an image, one at a time, over HTTP. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startImage } from '../testing.ts';

test('a tag is added, once however often, and taken off', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const { id } = await red.make();
  const tags = async () => (await red.get(`/v2/images/${id}`)).body.tags as string[];
  for (const tag of ['b', 'a', 'b', encodeURIComponent('ü /')]) {
    assert.equal((await red.put(`/v2/images/${id}/tags/${tag}`)).status, 204);
  }
  assert.deepEqual(await tags(), ['a', 'b', 'ü /']);
  assert.equal((await red.delete(`/v2/images/${id}/tags/b`)).status, 204);
  assert.deepEqual(await tags(), ['a', 'ü /']);
  const gone = await red.delete(`/v2/images/${id}/tags/b`);
  assert.equal(gone.status, 404);
  assert.match(gone.body.message, /^The resource could not be found/);
});

test('tags are refused that are too long, too many, or on an image that is not the caller’s', async () => {
  await using cloud = await startImage();
  const red = cloud.as('red');
  const many = Array.from({ length: 128 }, (_, index) => `t${index}`);
  const { id } = await red.make({ tags: many, visibility: 'community' });
  const long = await red.put(`/v2/images/${id}/tags/${'x'.repeat(256)}`);
  assert.equal(long.status, 400, long.text);
  const last = await red.put(`/v2/images/${id}/tags/last`);
  assert.equal(last.status, 413);
  assert.match(last.body.message, /^Image tag limit exceeded for image .*Attempted: 129/);
  assert.equal((await cloud.as('blue').delete(`/v2/images/${id}/tags/t1`)).status, 403);
  const missing = randomUUID();
  const nowhere = await red.put(`/v2/images/${missing}/tags/a`);
  assert.equal(nowhere.status, 404);
  assert.match(nowhere.body.message, new RegExp(`^Image ${missing} not found`));
});
