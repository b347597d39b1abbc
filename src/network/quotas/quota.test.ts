/** Quotas over HTTP, and the check that creations make. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExtras } from '../extensions/testing.ts';
import { checkQuota } from './check-quota.ts';
import { DEFAULT_QUOTAS } from './quota-resources.ts';

const ADMIN = 'ops:admin,member,reader';

test('a project sees its own quotas, which are the defaults until somebody sets others', async () => {
  await using cloud = await startExtras();
  const seen = await cloud.as('red').get('/quotas/red');
  assert.deepEqual(seen.body, { quota: { ...DEFAULT_QUOTAS } });
  const set = await cloud.as(ADMIN).put('/quotas/red', { quota: { network: 2, port: '5' } });
  const quota = { ...DEFAULT_QUOTAS, network: 2, port: 5 };
  assert.deepEqual([set.status, set.body], [200, { quota }]);
  assert.deepEqual((await cloud.as('red').get('/quotas/red')).body, { quota });
  assert.deepEqual((await cloud.as('red').get('/quotas/red/default')).body, {
    quota: { ...DEFAULT_QUOTAS },
  });
  assert.deepEqual((await cloud.as(ADMIN).get('/quotas')).body, {
    quotas: [{ ...quota, project_id: 'red', tenant_id: 'red' }],
  });
});

test('quotas go back to the defaults, once', async () => {
  await using cloud = await startExtras();
  const admin = cloud.as(ADMIN);
  await admin.put('/quotas/red', { quota: { network: 2 } });
  assert.equal((await admin.delete('/quotas/red')).status, 204);
  const again = await admin.delete('/quotas/red');
  assert.equal(again.status, 404);
  assert.equal(again.error, 'TenantQuotaNotFound: Quota for tenant red could not be found.');
});

test('details count what a project has', async () => {
  await using cloud = await startExtras();
  await cloud.as('red').post('/security-groups', { security_group: { name: 'a' } });
  for (const path of ['/quotas/red/details', '/quotas/red/details.json']) {
    const { quota } = (await cloud.as('red').get(path)).body as { quota: Record<string, unknown> };
    assert.deepEqual(quota['security_group'], { limit: 10, used: 2, reserved: 0 });
    assert.deepEqual(quota['security_group_rule'], { limit: 100, used: 6, reserved: 0 });
    assert.deepEqual(quota['port'], { limit: 500, used: 0, reserved: 0 });
  }
});

test('a limit below what is used is refused, unless it is forced', async () => {
  await using cloud = await startExtras();
  const admin = cloud.as(ADMIN);
  await cloud.as('red').post('/security-groups', { security_group: { name: 'a' } });
  const refused = await admin.put('/quotas/red', { quota: { port: 7, security_group: 1 } });
  assert.equal(
    refused.error,
    'HTTPBadRequest: Quota limit 1 for security_group must be greater than or equal to already used 2',
  );
  assert.deepEqual((await admin.get('/quotas')).body, { quotas: [] });
  const forced = await admin.put('/quotas/red', { quota: { security_group: 1, force: true } });
  assert.equal(forced.status, 200, forced.error);
});

const refused: readonly [unknown, string][] = [
  [
    { quota: { security_group: -2 } },
    "HTTPBadRequest: Invalid input for security_group. Reason: '-2' is too small - must be at least '-1'.",
  ],
  [
    { quota: { security_group: 2147483648 } },
    "HTTPBadRequest: Invalid input for security_group. Reason: '2147483648' is too large - must be no larger than '2147483647'.",
  ],
  [
    { quota: { security_group: 'value' } },
    "InvalidInput: Invalid input for operation: 'value' is not an integer.",
  ],
  [{ quota: { colour: 1 } }, "HTTPBadRequest: Unrecognized attribute(s) 'colour'"],
  [{ quotas: {} }, "HTTPBadRequest: Unable to find 'quota' in request body"],
];

for (const [body, error] of refused) {
  test(`PUT /v2.0/quotas refuses ${JSON.stringify(body)}`, async () => {
    await using cloud = await startExtras();
    const answer = await cloud.as(ADMIN).put('/quotas/red', body);
    assert.equal(answer.status, 400);
    assert.equal(answer.error, error);
  });
}

test('only administrators look at the quotas of others and set any', async () => {
  await using cloud = await startExtras();
  const red = cloud.as('red');
  const denied = [
    await red.get('/quotas'),
    await red.get('/quotas/blue'),
    await red.get('/quotas/blue/default'),
    await red.put('/quotas/red', { quota: { port: 1 } }),
    await red.delete('/quotas/red'),
  ];
  assert.deepEqual(
    denied.map(({ error }) => error),
    ['get', 'get', 'get', 'update', 'delete'].map(
      (action) => `PolicyNotAuthorized: rule:${action}_quota is disallowed by policy`,
    ),
  );
  assert.equal(
    (await red.get('/quotas/blue/details')).error,
    'AdminRequired: User does not have admin privileges: Only admin is authorized to access quotas for another project.',
  );
});

test('old clients can ask whose token it is', async () => {
  await using cloud = await startExtras();
  assert.deepEqual((await cloud.as('red').get('/quotas/tenant')).body, {
    tenant: { tenant_id: 'red' },
  });
  assert.deepEqual((await cloud.as('red').get('/quotas/project')).body, {
    project: { project_id: 'red' },
  });
});

test('the check lets in what fits and no more', async () => {
  await using cloud = await startExtras();
  const check = async (count: number) =>
    await cloud.db.transaction().execute(async (tx) => {
      await checkQuota(tx, 'red', 'network', count);
    });
  await cloud.as(ADMIN).put('/quotas/red', { quota: { network: 3 } });
  await check(3);
  await assert.rejects(check(4), { code: 'OverQuota' });
  await cloud.as(ADMIN).put('/quotas/red', { quota: { network: -1 } });
  await check(1_000_000);
});
