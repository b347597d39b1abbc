/** Addresses in the catalog, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillIn, isTemplateValid, shownUrl } from './catalog.rules.ts';

const values = { public_url: 'http://c:1', project_id: 'p1', tenant_id: 'p1', user_id: undefined };

const rows = [
  ['http://x/v1', 'http://x/v1', true],
  ['$(public_url)s/image', 'http://c:1/image', true],
  ['http://x/AUTH_%(tenant_id)s', 'http://x/AUTH_p1', true],
  ['http://x/$(project_id)s/$(project_id)s', 'http://x/p1/p1', true],
  ['http://x/$(user_id)s', undefined, true],
  ['http://x/$(password)s', undefined, false],
  ['http://x/100%', 'http://x/100%', true],
] as const;

for (const [url, filled, valid] of rows) {
  test(`'${url}' becomes ${filled ?? 'nothing'}, and ${valid ? 'may' : 'may not'} be stored`, () => {
    assert.equal(fillIn(url, values), filled);
    assert.equal(isTemplateValid(url), valid);
  });
}

test('operators see what they wrote, and where this cloud is', () => {
  assert.equal(
    shownUrl('$(public_url)s/$(project_id)s', 'http://c:1'),
    'http://c:1/$(project_id)s',
  );
});
