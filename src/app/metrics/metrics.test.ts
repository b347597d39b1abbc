/** GET /metrics: who may read it, and what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpApp } from '#platform/http/http-app.ts';
import { testIdentity } from '#platform/http/test-identity.ts';
import { silentLog } from '#platform/log.ts';
import { metricsRoutes } from './metrics.routes.ts';
import { ownMetrics } from './own-metrics.ts';

const TOKEN = 'the-token';

const authenticate = async (shown: string) => testIdentity(shown);
const authUrl = () => 'http://127.0.0.1/identity';

/** An app whose metrics are this process's own. */
async function start(token: string | null = TOKEN) {
  const stop = new AbortController();
  const log = silentLog();
  const app = createHttpApp({ services: [], log, authenticate, authUrl, signal: stop.signal });
  metricsRoutes(app, { token, authenticate, authUrl, collect: async () => ownMetrics() });
  return {
    get: async (headers: Record<string, string>) =>
      await app.inject({ method: 'GET', url: '/metrics', headers }),
    [Symbol.asyncDispose]: async () => await app.close(),
  };
}

for (const [who, headers] of [
  ['the metrics token', { authorization: `Bearer ${TOKEN}` }],
  ['the metrics token, in other words', { authorization: `bearer  ${TOKEN}` }],
  ["an administrator's token", { 'x-auth-token': 'ops:admin' }],
  ['both', { authorization: 'Bearer wrong', 'x-auth-token': 'ops:admin' }],
] as const) {
  test(`whoever has ${who} may read the metrics`, async () => {
    await using app = await start();
    const answer = await app.get(headers);
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(answer.body, /^# TYPE process_cpu_seconds_total counter$/m);
    assert.match(answer.body, /^process_resident_memory_bytes \d+$/m);
  });
}

for (const [who, status, headers] of [
  ['nothing', 401, {}],
  ['another bearer token', 401, { authorization: `Bearer ${TOKEN}x` }],
  ['the start of the token', 401, { authorization: `Bearer ${TOKEN.slice(0, 3)}` }],
  ['an empty bearer token', 401, { authorization: 'Bearer ' }],
  ['the token by another scheme', 401, { authorization: `Basic ${TOKEN}` }],
  ['the metrics token for a user token', 401, { 'x-auth-token': TOKEN.repeat(1000) }],
  ["a member's token", 403, { 'x-auth-token': 'red' }],
] as const) {
  test(`whoever shows ${who} gets ${status}, and no figure`, async () => {
    await using app = await start();
    const answer = await app.get(headers);
    assert.equal(answer.statusCode, status);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(answer.body).error.code, status);
    if (status === 401) {
      assert.equal(
        answer.headers['www-authenticate'],
        'Keystone uri="http://127.0.0.1/identity", Bearer realm="metrics"',
      );
    }
  });
}

test('where there is no metrics token, no text is one', async () => {
  await using app = await start(null);
  assert.equal((await app.get({ authorization: 'Bearer null' })).statusCode, 401);
  assert.equal((await app.get({ 'x-auth-token': 'ops:admin' })).statusCode, 200);
});
