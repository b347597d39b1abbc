/** Every route of every service: who has no token is refused, and who has one but no role gets at nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Db } from '#platform/db/tables.ts';
import { payloadFor, type Payload } from './support/bodies.ts';
import type { Answer, Method } from './support/client.ts';
import { dump } from './support/dump.ts';
import type { ServedRoute } from './support/routes.ts';
import { startTestCloud } from './support/start-cloud.ts';
import { fill, Things } from './support/things.ts';

/** Routes that answer without a token, each with its reason. A new one is a decision: write it here. */
const PUBLIC: Readonly<Record<string, string>> = {
  'GET /identity': 'version discovery',
  'GET /identity/v3': 'version discovery',
  'POST /identity/v3/auth/tokens': 'where tokens come from',
  'POST /identity/v3/users/:id/password': 'an expired password is changed with the old one',
  'GET /image': 'version discovery',
  'GET /image/versions': 'version discovery',
  'GET /networking': 'version discovery',
  'GET /networking/v2.0/': 'version discovery',
  'GET /compute': 'version discovery',
  'GET /compute/v2.1/': 'version discovery',
  'GET /compute/v2/': 'version discovery',
};

/** Routes that answer anybody with a token with more than an empty list, each with its reason. */
const FOR_ANYBODY: Readonly<Record<string, string>> = {
  'GET /identity/v3/auth/projects': 'where its holder may go, which is nowhere',
  'GET /identity/v3/auth/domains': 'where its holder may go, which is nowhere',
  'GET /identity/v3/auth/system': 'where its holder may go, which is nowhere',
  'GET /identity/v3/regions': "Keystone's rule is empty: clients choose a region by it",
  'GET /identity/v3/regions/:id': "Keystone's rule is empty: clients choose a region by it",
  'GET /image/v2/schemas/image': 'a schema tells nothing of anybody',
  'GET /image/v2/schemas/images': 'a schema tells nothing of anybody',
  'GET /image/v2/schemas/member': 'a schema tells nothing of anybody',
  'GET /image/v2/schemas/members': 'a schema tells nothing of anybody',
  'GET /image/v2/info/import': 'what the service can do',
  'GET /image/v2/info/stores': 'what the service can do',
  'GET /image/v2/info/usage': 'the use and limits of the holder alone, who has none',
  'GET /networking/v2.0/extensions': 'what the service can do',
  'GET /networking/v2.0/extensions/:alias': 'what the service can do',
  'GET /networking/v2.0/networks': "Neutron's rule lets everybody see external networks",
  'GET /networking/v2.0/networks/:id': "Neutron's rule lets everybody see external networks",
  'GET /networking/v2.0/subnets': "Neutron's rule lets everybody see those of external networks",
  'GET /os-floating-ip-pools': "Nova's rule is '@': they are the names of external networks",
  'GET /flavors': "Nova's rule is '@': public flavors are for everybody",
  'GET /flavors/detail': "Nova's rule is '@': public flavors are for everybody",
  'GET /flavors/:id': "Nova's rule is '@': public flavors are for everybody",
  'GET /extensions': 'what the service can do',
  'GET /extensions/:alias': 'what the service can do',
  'GET /limits': "Nova's rule is '@': the limits and usage of the holder's own project",
  'GET /os-availability-zone': "Nova's rule is '@': servers are put into zones by name",
  'GET /os-quota-sets/:id/defaults': "Nova's rule is '@': they are the same for everybody",
  'GET /os-keypairs': "Nova's rule asks for the user alone: key pairs belong to no project",
  'POST /os-keypairs': "Nova's rule asks for the user alone: key pairs belong to no project",
};

/** Routes that answer 400 to a user without a role, each with its reason. */
const REFUSED_OTHERWISE: Readonly<Record<string, string>> = {
  'PUT /networking/v2.0/security-group-rules/:id': 'nothing about a rule can be changed',
  'PUT /networking/v2.0/default-security-group-rules/:id': 'nothing about a rule can be changed',
  'POST /networking/v2.0/agents': 'agents make themselves known; nobody else can',
  'GET /networking/v2.0/quotas/project':
    'it says of which project the token is, and this is of none',
  'GET /networking/v2.0/quotas/tenant':
    'it says of which project the token is, and this is of none',
  'GET /os-console-auth-tokens/:token': 'before 2.31 it was for RDP consoles, which are gone',
};

const UNAUTHORIZED = {
  error: {
    code: 401,
    title: 'Unauthorized',
    message: 'The request you have made requires authentication.',
  },
};

const cloud = await startTestCloud({ furnished: true });
await cloud.app.ready();
const { routes } = cloud;
after(async () => await cloud[Symbol.asyncDispose]());

/** HEAD is GET without the body. */
const nameOf = ({ method, url }: ServedRoute) => `${method === 'HEAD' ? 'GET' : method} ${url}`;
const guarded = routes.filter((route) => !route.public);

test('the routes that need no token are those that are meant to', () => {
  const open = new Set(routes.filter((route) => route.public).map(nameOf));
  assert.deepEqual([...open].toSorted(), Object.keys(PUBLIC).toSorted());
  assert.ok(guarded.length > 500, 'all services were asked');
});

for (const [what, headers] of [
  ['without a token', {}],
  ['with a token that nobody issued', { 'x-auth-token': 'gAAAAABnot-a-token' }],
] as const) {
  test(`every other route refuses a request ${what} in Keystone's words`, async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    for (const { method, url } of guarded) {
      const path = url.replaceAll(/:[A-Za-z_]+/g, id);
      const answer = await cloud.anonymous.send(method as Method, path, undefined, headers);
      assert.equal(answer.status, 401, `${method} ${url}`);
      assert.match(String(answer.headers['x-openstack-request-id']), /^req-/, url);
      assert.match(String(answer.headers['www-authenticate']), /^Keystone uri="http/, url);
      if (method !== 'HEAD') assert.deepEqual(answer.body, UNAUTHORIZED, `${method} ${url}`);
    }
  });
}

test('every other route gives nothing to a user without a role, and does nothing for them', async () => {
  const things = new Things(cloud);
  const nobody = await cloud.as('nobody').client();
  const unknown: string[] = [];
  const requests: { route: ServedRoute; address: string; payload: Payload }[] = [];
  for (const route of guarded) {
    const payload = await payloadFor(things, route.method, route.url);
    if (!payload.known) unknown.push(nameOf(route));
    requests.push({ route, address: await fill(things, route.url), payload });
  }
  assert.deepEqual(unknown, [], 'these routes need a valid body in test/support/bodies.ts');
  await cloud.idle();
  const before = await held(cloud.db);
  const leaks: string[] = [];
  for (const { route, address, payload } of requests) {
    const { method, url } = route;
    const answer = await nobody.send(method as Method, address, payload.body, payload.headers);
    const why = leak(route, answer);
    if (why !== undefined) leaks.push(`${method} ${url} (${address}): ${why}`);
  }
  await cloud.idle();
  assert.deepEqual(leaks, []);
  assert.deepEqual(await held(cloud.db), before);
});

/** All but the key pairs that anybody may make for themselves. */
async function held(db: Db) {
  const { key_pairs: _, ...rest } = await dump(db);
  return rest;
}

/** Compute has each route in four places. */
const plainNameOf = (route: ServedRoute) =>
  nameOf(route).replace(/\/compute\/v2(\.1)?(\/:project_id)?(?=\/)/, '');

/** What a user without a role has got and should not have. */
function leak(route: ServedRoute, { status, text, body }: Answer): string | undefined {
  if (status === 403 || status === 404) return undefined;
  // A project in the path that is not the token's is refused before anything else.
  if (route.url.includes('/:project_id') && status === 400) return undefined;
  const name = plainNameOf(route);
  if (status === 400 && REFUSED_OTHERWISE[name] !== undefined) return undefined;
  if (status < 300) {
    if (FOR_ANYBODY[name] !== undefined || route.method === 'HEAD') return undefined;
    const lists = Object.values((body ?? {}) as object).filter((value) => Array.isArray(value));
    if (lists.length > 0 && lists.every((list) => list.length === 0)) return undefined;
  }
  return `${status} ${text.slice(0, 300)}`;
}
