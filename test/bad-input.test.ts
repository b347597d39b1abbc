/** Whatever is sent, the answer is a refusal in the service's own words: never a 500, never silence. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isJsonObject } from '#base/json.ts';
import { payloadFor } from './support/bodies.ts';
import type { Answer, Method } from './support/client.ts';
import { badForm } from './support/dialects.ts';
import type { ServedRoute } from './support/routes.ts';
import { startTestCloud } from './support/start-cloud.ts';
import { fill, Things } from './support/things.ts';

const cloud = await startTestCloud({ furnished: true });
await cloud.app.ready();
after(async () => await cloud[Symbol.asyncDispose]());
const admin = await cloud.as('admin').client();
const things = new Things(cloud);

/** Compute has each route in four places; one is enough here. */
const routes = cloud.routes.filter(
  ({ method, url }) => method !== 'HEAD' && !/^\/compute\/v2(\/|\.1\/:project_id)/.test(url),
);
const writing = routes.filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method));
const listing = routes.filter(
  ({ method, url }) => method === 'GET' && !url.includes(':') && url.split('/').length > 3,
);

const before = await statuses();

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const deepObject = (levels: number) => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

/** Bodies that no route takes. */
const BODIES: readonly (readonly [what: string, body: string])[] = [
  ['no JSON', '{"a":'],
  ['no JSON at all', 'hello'],
  ['an empty body', ''],
  ['a lone surrogate and broken UTF-8', '{"a":"\ud800"}'],
  ['null', 'null'],
  ['a number', '7'],
  ['a string', '"text"'],
  ['an empty list', '[]'],
  ['a list of null', '[null]'],
  ['a list of lists', '[[1],[2]]'],
  ['true', 'true'],
  ['an empty object', '{}'],
  ['deeply nested lists', deep(10_000)],
  ['deeply nested objects', deepObject(10_000)],
  [
    '__proto__ and constructor',
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  ],
];

/** What the one member of a valid body is replaced with. */
const MEMBERS: readonly (readonly [what: string, value: unknown])[] = [
  ['null', null],
  ['a list', []],
  ['a list of null', [null]],
  ['a string', 'text'],
  ['a number', 1e308],
  ['an unknown attribute', { 'no-such-attribute': 1 }],
  ['deep nesting', JSON.parse(deep(2_000))],
];

/** What each attribute of a valid body is replaced with. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 53,
  1e308,
  '',
  'x'.repeat(70_000),
  'nul\u0000 and \u001b[2J',
  '\ud83d\ude00'.repeat(300),
  "'; drop table ports; --",
  '../../../etc/passwd',
  [],
  [null],
  [[]],
  [{}],
  {},
  { __proto__: null, constructor: 1 },
  JSON.parse(deep(2_000)),
];

type Try = { readonly what: string; readonly url: string; readonly answer: Answer };

/** What is wrong with the answers, if anything; the first of each kind. */
function complaints(tries: readonly Try[]): string[] {
  const kinds = new Map<string, string>();
  for (const { what, url, answer } of tries) {
    const { status, text } = answer;
    const bug = status >= 500 && status !== 501;
    if (status < 400) continue;
    const wrong = bug ? text.replace(/req-[0-9a-f-]{36}/, '').slice(0, 300) : badForm(url, answer);
    if (wrong === undefined) continue;
    const about = `${url.split('/', 4).join('/').slice(0, 60)}: ${status} ${wrong.slice(0, 60)}`;
    const known = kinds.get(about);
    if (known === undefined)
      kinds.set(about, `${what.slice(0, 80)} ${url.slice(0, 120)}: ${status} ${wrong}`);
  }
  return [...kinds.values()];
}

/** Sends each of the bodies to a route as the admin. What a request has changed or taken away is made anew. */
async function sendAll(
  { method, url }: ServedRoute,
  bodies: Iterable<readonly [what: string, body: unknown]>,
): Promise<Try[]> {
  const { headers } = await payloadFor(things, method, url);
  const tries: Try[] = [];
  for (const [what, body] of bodies) {
    const address = await fill(things, url);
    const answer = await admin.send(method as Method, address, body, {
      'content-type': 'application/json',
      ...headers,
    });
    tries.push({ what: `${method}, ${what},`, url: address, answer });
    if (answer.status < 300) {
      const [, service = ''] = url.split('/');
      things.forget(service, kindOf(url));
    }
  }
  return tries;
}

/** The kind of the last thing in a route. */
const kindOf = (url: string): string => {
  const parts = url.split('/');
  return parts[parts.findLastIndex((part) => part.startsWith(':')) - 1] ?? '';
};

test('a body that is no valid JSON object is refused by every route that takes one', async () => {
  const tries: Try[] = [];
  for (const route of writing) tries.push(...(await sendAll(route, BODIES)));
  assert.deepEqual(complaints(tries), []);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('a member of the wrong type is refused by every route that takes a body', async () => {
  const tries: Try[] = [];
  for (const route of writing) {
    const { body } = await payloadFor(things, route.method, route.url);
    if (!isJsonObject(body)) continue;
    const broken = MEMBERS.map(
      ([what, value]) =>
        [what, Object.fromEntries(Object.keys(body).map((key) => [key, value]))] as const,
    );
    tries.push(...(await sendAll(route, broken)));
  }
  assert.deepEqual(complaints(tries), []);
});

test('an attribute of any type and size is taken or refused, wherever it stands', async () => {
  const tries: Try[] = [];
  for (const route of writing) {
    const { body } = await payloadFor(things, route.method, route.url);
    if (!isJsonObject(body)) continue;
    const broken: [string, unknown][] = [];
    for (const [member, inner] of Object.entries(body)) {
      if (!isJsonObject(inner)) continue;
      for (const attribute of Object.keys(inner)) {
        for (const value of VALUES) {
          const what = `${attribute} = ${JSON.stringify(value).slice(0, 40)}`;
          broken.push([what, { [member]: { ...inner, [attribute]: value } }]);
        }
      }
      broken.push(['an unknown attribute', { [member]: { ...inner, 'no-such': 1 } }]);
    }
    tries.push(...(await sendAll(route, broken)));
  }
  assert.deepEqual(complaints(tries), []);
  assert.ok(tries.length > 1000, `${tries.length} were tried`);
});

const QUERIES = [
  'limit=-1',
  'limit=0',
  'limit=99999999999999999999',
  'limit=1.5',
  'limit=x',
  'limit=1&limit=2',
  'marker=no-such-marker',
  'marker=',
  'marker=%00',
  'sort_key=no_such_key&sort_dir=asc',
  'sort_key=id&sort_dir=sideways',
  'sort_key=__proto__',
  'sort_key=id&sort_key=id&sort_key=name',
  'sort=name:sideways',
  'page_reverse=maybe&limit=1&marker=x',
  'fields=__proto__&fields=constructor',
  'no_such_filter=1',
  '__proto__=1&constructor=1&toString=1',
  'name=%00%01%1b',
  'name=%E0%A4%A',
  'name=%ff%fe',
  'id=1&id=2&id=3',
  `name=${'x'.repeat(10_000)}`,
  'a=1&'.repeat(2000),
  'name[]=1&name[a]=2',
  '&&&===&',
  'changes-since=yesterday&created_at=in:1,2',
  "name=' or 1=1 --",
];

test('every list refuses or understands any query', async () => {
  const tries: Try[] = [];
  for (const { url } of listing) {
    for (const query of QUERIES) {
      const address = `${url}?${query}`;
      tries.push({ what: 'GET', url: address, answer: await admin.send('GET', address) });
    }
  }
  assert.deepEqual(complaints(tries), []);
});

const IDS = [
  '%00',
  '%2e%2e%2f',
  '..',
  'x'.repeat(299),
  'x'.repeat(301),
  '%ff',
  '-1',
  '9e99',
  '%E2%82%AC',
  'a b',
  "'",
];

test('no route knows a strange id, and none is startled by it', async () => {
  const tries: Try[] = [];
  for (const { method, url } of routes.filter((route) => route.url.includes(':'))) {
    const { body, headers } = await payloadFor(things, method, url);
    for (const id of IDS) {
      const address = url.replaceAll(/:[A-Za-z_]+/g, id);
      const answer = await admin.send(method as Method, address, body, headers);
      tries.push({ what: method, url: address, answer });
    }
  }
  assert.deepEqual(complaints(tries), []);
});

test('a path that is not served is not found, in the words of its service', async () => {
  const tries: Try[] = [];
  for (const base of [
    '/identity/v3',
    '/image/v2',
    '/networking/v2.0',
    '/compute/v2.1',
    '/nobody',
  ]) {
    for (const path of [
      '/no-such',
      '/no-such/1/2',
      '/%00',
      '/..;/',
      '/a//b',
      `/${'x'.repeat(8000)}`,
    ]) {
      const url = base + path;
      const answer = await admin.send('GET', url);
      assert.equal(answer.status, 404, url.slice(0, 100));
      tries.push({ what: 'GET', url, answer });
    }
  }
  assert.deepEqual(complaints(tries), []);
});

test('a method that a path does not have is refused with those that it has', async () => {
  const tries: Try[] = [];
  for (const url of new Set(routes.map((route) => route.url))) {
    const has = routes.filter((route) => route.url === url).map((route) => route.method);
    const address = await fill(things, url);
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'] as const) {
      if (has.includes(method)) continue;
      const answer = await admin.send(method, address);
      // Another route may fit the same address, such as /flavors/:id for /flavors/detail.
      if (answer.status !== 405) {
        const other = routes.some((route) => route.method === method && fits(route.url, url));
        assert.ok(other, `${method} ${address}: ${answer.status}`);
        continue;
      }
      const allowed = String(answer.headers['allow']).split(', ');
      for (const one of has) assert.ok(allowed.includes(one), `${url}: Allow has ${one}`);
      tries.push({ what: method, url: address, answer });
    }
  }
  assert.deepEqual(complaints(tries), []);
});

/** Whether a route with a parameter is meant by an address that another route spells out. */
const fits = (pattern: string, url: string): boolean => {
  const [left, right] = [pattern.split('/'), url.split('/')];
  return (
    left.length === right.length &&
    left.every((part, index) => part === right[index] || part.startsWith(':'))
  );
};

test('a body that is too large is refused with 413 before it is read', async () => {
  const large = `{"a":"${'x'.repeat(2 << 20)}"}`;
  const tries: Try[] = [];
  for (const route of writing) {
    if (route.public || /\/(file|stage)$/.test(route.url)) continue;
    const { headers } = await payloadFor(things, route.method, route.url);
    const address = await fill(things, route.url);
    const answer = await admin.send(route.method as Method, address, large, {
      'content-type': 'application/json',
      ...headers,
    });
    assert.equal(answer.status, 413, `${route.method} ${route.url}`);
    tries.push({ what: route.method, url: address, answer });
  }
  assert.deepEqual(complaints(tries), []);
});

const TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  '%%%',
  'application/json; charset=nonsense',
  '',
];

test('a body of another type is refused, and its type is never a surprise', async () => {
  const tries: Try[] = [];
  for (const { method, url } of writing) {
    const address = await fill(things, url);
    for (const type of TYPES) {
      const answer = await admin.send(method as Method, address, '<x/>', { 'content-type': type });
      tries.push({ what: `${method} of ${type}`, url: address, answer });
    }
  }
  assert.deepEqual(complaints(tries), []);
});

test('headers of any kind are taken or refused', async () => {
  const strange: Record<string, string>[] = [
    { 'x-auth-token': 'x'.repeat(20_000) },
    { 'x-auth-token': '\u00ff\u00fe' },
    { 'openstack-api-version': 'compute 99.99' },
    { 'openstack-api-version': 'compute latest, network x' },
    { 'x-openstack-nova-api-version': '2.-1' },
    { 'if-match': 'revision_number=x' },
    { accept: 'x'.repeat(5000) },
    { range: 'bytes=9-1,5' },
    { 'x-openstack-request-id': 'req-\u0001' },
  ];
  const tries: Try[] = [];
  for (const headers of strange) {
    for (const { url } of listing) {
      tries.push({ what: 'GET', url, answer: await admin.send('GET', url, undefined, headers) });
    }
  }
  assert.deepEqual(complaints(tries), []);
});

test('after all of that the cloud serves as before', async () => {
  await cloud.idle();
  assert.deepEqual(await statuses(), before);
});

/** How each list answers. */
async function statuses(): Promise<Readonly<Record<string, number>>> {
  const all: Record<string, number> = {};
  for (const { url } of listing) all[url] = (await admin.send('GET', url)).status;
  return all;
}
