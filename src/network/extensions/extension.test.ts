/** The extension list over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXTENSIONS } from './extensions.ts';
import { startExtras } from './testing.ts';

type Extension = { alias: string; name: string; links: unknown };

test('GET /v2.0/extensions lists every extension once, in the order of aliases', async () => {
  await using cloud = await startExtras();
  const { extensions } = (await cloud.as('red').get('/extensions')).body as {
    extensions: Extension[];
  };
  const aliases = extensions.map(({ alias }) => alias);
  assert.deepEqual(aliases, [...new Set(aliases)].toSorted());
  assert.equal(aliases.length, EXTENSIONS.length);
  assert.ok(extensions.every(({ links }) => Array.isArray(links)));
  // What comes with later work is not promised today.
  for (const later of ['router', 'subnet_allocation', 'qos', 'trunk', 'segment']) {
    assert.equal(aliases.includes(later), false, later);
  }
});

test('GET /v2.0/extensions/{alias} shows one, and says which it does not know', async () => {
  await using cloud = await startExtras();
  assert.deepEqual((await cloud.as('red').get('/extensions/security-group')).body, {
    extension: {
      alias: 'security-group',
      name: 'security-group',
      description: 'The security groups extension.',
      updated: '2012-10-05T10:00:00-00:00',
      links: [],
    },
  });
  const missing = await cloud.as('red').get('/extensions/router');
  assert.deepEqual(
    [missing.status, missing.error],
    [404, 'HTTPNotFound: Extension with alias router does not exist'],
  );
});
