/** The pages of consoles: what is served, with which headers, and that nothing else of the disk is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { consolePageRoutes } from './console-pages.routes.ts';

function startPages() {
  const app = Fastify();
  consolePageRoutes(app);
  return { app, [Symbol.asyncDispose]: async () => await app.close() };
}

test('pages, their parts and all that these import are served as what they are', async () => {
  await using pages = startPages();
  const seen = new Map<string, string>();
  const left = ['/novnc/vnc_auto.html', '/serial'];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen.has(path)) continue;
    const { statusCode, headers, body } = await pages.app.inject(path);
    assert.equal(statusCode, 200, path);
    seen.set(path, String(headers['content-type']));
    const parts = body.matchAll(
      /(?:from|import|src=|rel="stylesheet" href=)\s*["'](\.{0,2}\/?[\w./-]+\.(?:js|css))["']/g,
    );
    for (const [, part = ''] of parts) left.push(new URL(part, `http://x${path}`).pathname);
  }
  assert.ok(seen.size > 40, `${seen.size} files`);
  assert.ok(seen.has('/novnc/vendor/pako/lib/zlib/inflate.js'));
  for (const [path, type] of seen) {
    const expected = path.endsWith('.js') ? 'javascript' : path.endsWith('.css') ? 'css' : 'html';
    assert.equal(type, `text/${expected}; charset=utf-8`, path);
  }
});

test('a page may run and reach nothing but its own, and tells nobody its address', async () => {
  await using pages = startPages();
  const { headers, body } = await pages.app.inject('/novnc/vnc_auto.html?path=x');
  assert.match(
    String(headers['content-security-policy']),
    /^default-src 'none'; script-src 'self'; /,
  );
  assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/);
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  // What Tempest looks for.
  assert.match(body, /<html.*>[^]*noVNC[^]*<script[^]*<\/html>/);
});

test('a page that is known already is not sent again', async () => {
  await using pages = startPages();
  const { headers } = await pages.app.inject('/novnc/core/rfb.js');
  const again = await pages.app.inject({
    url: '/novnc/core/rfb.js',
    headers: { 'if-none-match': String(headers.etag) },
  });
  assert.deepEqual([again.statusCode, again.body], [304, '']);
});

for (const path of [
  '/novnc/../../package.json',
  '/novnc/%2e%2e/%2e%2e/package.json',
  '/novnc/core/..%2f..%2fpackage.json',
  '/novnc/core/../package.json',
  '/novnc//etc/passwd',
  '/novnc/package.json',
  '/novnc/constructor',
  '/novnc/__proto__',
  '/novnc/',
  '/novnc/core',
]) {
  test(`${path} is not there`, async () => {
    await using pages = startPages();
    assert.equal((await pages.app.inject(path)).statusCode, 404);
  });
}
