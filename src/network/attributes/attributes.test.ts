/** What an attribute table makes of bodies and queries, and how refusals are worded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { internalContext, type Context } from '#platform/context.ts';
import { silentLog } from '#platform/log.ts';
import { Policy } from '#platform/policy/policy.ts';
import { policyNotAuthorized } from '../network.faults.ts';
import { defineResource } from './attribute.ts';
import { authorizeChange, authorizeCreate } from './authorize.ts';
import { pageLinks, readListQuery } from './list-query.ts';
import {
  flag,
  integer,
  integerBetween,
  ipAddress,
  macAddress,
  nameText,
  nonNegative,
  nullable,
  oneOf,
  text,
  uuid,
  uuidList,
} from './readers.ts';
import { readCreate, readUpdate } from './request-body.ts';
import { readIfMatch } from './revision.ts';
import { STANDARD } from './standard.ts';
import { Viewer } from './view.ts';

const BOX = defineResource('box', 'boxes', {
  ...STANDARD,
  name: { read: nameText(8), post: { default: '' }, put: true, filter: 'text', sort: true },
  shelf_id: { read: uuid, post: 'required', filter: 'text' },
  open: { read: flag, post: { default: true }, put: true, filter: 'flag' },
  size: { read: integerBetween(1, 9), post: 'optional', put: true, filter: 'number' },
  secret: { read: text(), post: { default: '' }, put: true, guard: ['create', 'get', 'update'] },
  parts: {
    post: 'optional',
    put: true,
    read: (sent) => sent,
    guard: ['create'],
    guardMembers: true,
  },
  status: {},
});

const SHELF = '11111111-2222-3333-4444-555555555555';

function who(projectId: string, roles = ['member', 'reader']): Context {
  const base = internalContext(silentLog(), new AbortController().signal, projectId);
  return { ...base, internal: false, roles: new Set(roles) };
}

const refusedCreates: readonly [string, unknown, string][] = [
  ['nothing', null, 'Resource body required'],
  ['an empty object', {}, 'Resource body required'],
  ['a list', [], 'Request body is not a JSON object'],
  ['another resource', { crate: {} }, "Unable to find 'box' in request body"],
  ['a box that is none', { box: 'x' }, "Object 'box' contains invalid data"],
  ['an empty list of boxes', { boxes: [] }, 'Resources required'],
  [
    'an unknown attribute',
    { box: { colour: 1, height: 2 } },
    "Unrecognized attribute(s) 'colour, height'",
  ],
  ['no shelf', { box: {} }, "Failed to parse request. Required attribute 'shelf_id' not specified"],
  ['a status', { box: { shelf_id: SHELF, status: 'x' } }, "Attribute 'status' not allowed in POST"],
  ['an id', { box: { shelf_id: SHELF, id: SHELF } }, "Attribute 'id' not allowed in POST"],
  [
    'a name that is no text',
    { box: { shelf_id: SHELF, name: 7 } },
    "Invalid input for name. Reason: '7' is not a valid string.",
  ],
  [
    'a long name',
    { box: { shelf_id: SHELF, name: '123456789' } },
    "Invalid input for name. Reason: '123456789' exceeds maximum length of 8.",
  ],
  [
    'a bad shelf',
    { box: { shelf_id: 'top' } },
    "Invalid input for shelf_id. Reason: 'top' is not a valid UUID.",
  ],
  [
    'too large a size',
    { box: { shelf_id: SHELF, size: 10 } },
    "Invalid input for size. Reason: '10' is too large - must be no larger than '9'.",
  ],
  [
    'two projects',
    { box: { shelf_id: SHELF, project_id: 'red', tenant_id: 'blue' } },
    "'project_id' and 'tenant_id' do not match",
  ],
  [
    "another's project",
    { box: { shelf_id: SHELF, tenant_id: 'blue' } },
    "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin or advsvc privileges",
  ],
];

for (const [what, body, message] of refusedCreates) {
  test(`a create with ${what} is refused`, () => {
    assert.throws(() => readCreate(who('red'), BOX, body), { code: 'HTTPBadRequest', message });
  });
}

test('a create is read with its defaults, and knows what was chosen', () => {
  const { bulk, items } = readCreate(who('red'), BOX, {
    box: { shelf_id: SHELF, open: 'true', size: '3', secret: 'x' },
  });
  assert.equal(bulk, false);
  assert.deepEqual(items[0]?.values, {
    project_id: 'red',
    description: '',
    name: '',
    shelf_id: SHELF,
    open: true,
    size: 3,
    secret: 'x',
  });
  assert.deepEqual(Object.keys(items[0]?.chosen ?? {}), [
    'project_id',
    'shelf_id',
    'size',
    'secret',
  ]);
});

test('an administrator names any project, by either name', () => {
  for (const name of ['project_id', 'tenant_id']) {
    const body = { box: { shelf_id: SHELF, [name]: 'blue' } };
    const { items } = readCreate(who('red', ['admin']), BOX, body);
    assert.equal(items[0]?.values.project_id, 'blue');
  }
});

test('several are made at once, with or without their own name around each', () => {
  const body = { boxes: [{ shelf_id: SHELF, name: 'a' }, { box: { shelf_id: SHELF, name: 'b' } }] };
  const { bulk, items } = readCreate(who('red'), BOX, body);
  assert.equal(bulk, true);
  assert.deepEqual(
    items.map((item) => item.values.name),
    ['a', 'b'],
  );
});

test('an update is read as it was sent, and refuses what may not be changed', () => {
  const { values } = readUpdate(who('red'), BOX, { box: { open: 'no' } });
  assert.deepEqual(values, { open: false });
  assert.throws(() => readUpdate(who('red'), BOX, { box: { shelf_id: SHELF } }), {
    message: 'Cannot update read-only attribute shelf_id',
  });
});

const readings: readonly [string, () => unknown, unknown][] = [
  ['flag 1', () => flag(1, 'x'), true],
  ['flag off', () => flag('Off', 'x'), false],
  ['integer 7', () => integer('7', 'x'), 7],
  ['non-negative 0', () => nonNegative(0, 'x'), 0],
  ['null', () => nullable(uuid)(null, 'x'), null],
  ['one of', () => oneOf([4, 6], integer)('6', 'x'), 6],
  ['mac', () => macAddress('FA-16-3E-00-00-01', 'x'), 'fa:16:3e:00:00:01'],
  ['ip', () => ipAddress('2001:DB8::0:1', 'x'), '2001:db8::1'],
];

for (const [what, reading, expected] of readings) {
  test(`${what} is read as ${JSON.stringify(expected)}`, () => assert.equal(reading(), expected));
}

const misreadings: readonly [() => unknown, string][] = [
  [
    () => flag('maybe', 'x'),
    "Invalid input for operation: 'maybe' cannot be converted to boolean.",
  ],
  [() => integer('1.5', 'x'), "Invalid input for operation: '1.5' is not an integer."],
  [() => nonNegative(-1, 'x'), "Invalid input for x. Reason: '-1' should be non-negative."],
  [() => oneOf(['a', 'b'])('c', 'x'), 'Invalid input for x. Reason: c is not in valid_values.'],
  [
    () => nameText(9)('a\u0000', 'x'),
    "Invalid input for x. Reason: 'a\u0000' is not a valid string.",
  ],
  [() => uuidList('x', 'x'), "Invalid input for x. Reason: 'x' is not a list."],
  [
    () => uuidList([SHELF, SHELF], 'x'),
    `Invalid input for x. Reason: Duplicate items in the list: '${SHELF}'.`,
  ],
  [
    () => ipAddress('10.0.0.01', 'x'),
    "Invalid input for x. Reason: '10.0.0.01' is not an accepted IP address, '10.0.0.1' is recommended.",
  ],
  [() => ipAddress('x', 'x'), "Invalid input for x. Reason: 'x' is not a valid IP address."],
  [
    () => macAddress('00:00:00:00:00:00', 'x'),
    "Invalid input for x. Reason: '00:00:00:00:00:00' is not a valid MAC address.",
  ],
];

for (const [misreading, message] of misreadings) {
  test(`a bad value is refused: ${message}`, () => assert.throws(misreading, { message }));
}

test('a list query is read into filters, tags and a page', () => {
  const query = readListQuery(BOX, {
    tenant_id: 'red',
    open: 'False',
    size: ['1', '2'],
    'tags-any': 'a,b',
    fields: ['id', 'name'],
    limit: '2',
    sort_key: 'name',
    sort_dir: 'desc',
  });
  assert.deepEqual(query.filters, [
    { name: 'project_id', kind: 'text', values: ['red'] },
    { name: 'open', kind: 'flag', values: [false] },
    { name: 'size', kind: 'number', values: [1, 2] },
  ]);
  assert.deepEqual(query.tags.any, ['a', 'b']);
  assert.deepEqual(query.fields, ['id', 'name']);
  assert.deepEqual(query.page.sort, [{ key: 'name', dir: 'desc' }]);
  assert.equal(query.page.limit, 2);
});

const refusedQueries: readonly [Record<string, string | string[]>, string][] = [
  [{ colour: 'red' }, "['colour'] is invalid attribute for filtering"],
  [{ secret: 'x' }, "['secret'] is invalid attribute for filtering"],
  [{ sort_key: 'size' }, "['size'] is invalid attribute for sort_keys"],
  [
    { sort_key: 'name', sort_dir: ['asc', 'desc'] },
    'The number of sort_keys and sort_dirs must be same',
  ],
  [{ limit: '-1' }, "Bad limit request: Limit must be an integer 0 or greater and not '-1'."],
];

for (const [query, message] of refusedQueries) {
  test(`a list is refused: ${message}`, () => {
    assert.throws(() => readListQuery(BOX, query), { message });
  });
}

const base = 'http://x/v2.0/boxes';
const linked: readonly [Record<string, string>, string[], Record<string, string>][] = [
  [{}, ['a'], {}],
  [{ limit: '0' }, ['a'], {}],
  [
    { limit: '1' },
    ['a'],
    { next: `${base}?limit=1&marker=a`, previous: `${base}?limit=1&marker=a&page_reverse=True` },
  ],
  [{ limit: '2', marker: 'z' }, ['a'], { previous: `${base}?limit=2&marker=a&page_reverse=True` }],
  [{ limit: '2', marker: 'z' }, [], { previous: `${base}?limit=2&page_reverse=True` }],
  [{ limit: '2', marker: 'z', page_reverse: 'True' }, ['a'], { next: `${base}?limit=2&marker=a` }],
];

for (const [query, ids, expected] of linked) {
  test(`the page [${ids.join()}] of ${JSON.stringify(query)} has the right links`, () => {
    const links = pageLinks(base, query, readListQuery(BOX, query).page, ids) ?? [];
    assert.deepEqual(Object.fromEntries(links.map(({ rel, href }) => [rel, href])), expected);
  });
}

const RULES = [
  { name: 'create_box', check: 'role:member' },
  { name: 'create_box:secret', check: 'role:admin' },
  { name: 'create_box:parts', check: 'role:member' },
  { name: 'create_box:parts:kind', check: 'role:admin' },
  { name: 'get_box', check: '@' },
  { name: 'get_box:secret', check: 'role:admin' },
  { name: 'update_box', check: 'role:member and project_id:%(project_id)s' },
  { name: 'update_box:secret', check: 'role:admin' },
];
const policy = new Policy(RULES, {}, (rule) => policyNotAuthorized(rule));
const target = { project_id: 'red' };

test('a refusal names everything that was asked', () => {
  assert.throws(
    () => authorizeCreate(policy, who('red'), BOX, { target, chosen: { secret: 'x', name: 'n' } }),
    { message: '(rule:create_box and rule:create_box:secret) is disallowed by policy' },
  );
  assert.throws(
    () => authorizeCreate(policy, who('red'), BOX, { target, chosen: { parts: [{ kind: 1 }] } }),
    {
      message:
        '(rule:create_box and (rule:create_box:parts and (rule:create_box:parts:kind))) is disallowed by policy',
    },
  );
  authorizeCreate(policy, who('red'), BOX, { target, chosen: { name: 'n' } });
});

test('what is not the own is refused as if it were not there, unless it may be seen', () => {
  const change = { action: 'update', target, chosen: { secret: 'x' } } as const;
  assert.throws(() => authorizeChange(policy, who('red'), BOX, change), {
    code: 'PolicyNotAuthorized',
  });
  assert.throws(() => authorizeChange(policy, who('blue'), BOX, change), {
    code: 'PolicyNotAuthorized',
  });
  const overrides = { get_box: 'project_id:%(project_id)s' };
  const secretive = new Policy(RULES, overrides, (rule) => policyNotAuthorized(rule));
  assert.throws(() => authorizeChange(secretive, who('blue'), BOX, change), {
    code: 'HTTPNotFound',
  });
});

test('a view is cut to what the policy allows and the caller asks for', () => {
  const view = { id: '1', name: 'n', secret: 's' };
  assert.deepEqual(new Viewer(policy, who('red'), BOX).show({ ...view }, target), {
    id: '1',
    name: 'n',
    secret: undefined,
  });
  const admin = who('red', ['admin']);
  assert.deepEqual(new Viewer(policy, admin, BOX, ['secret']).show({ ...view }, target), {
    secret: 's',
  });
});

test('If-Match names a revision, or is refused', () => {
  assert.equal(readIfMatch(undefined), undefined);
  assert.equal(readIfMatch('revision_number=7'), 7);
  assert.throws(() => readIfMatch('"etag"'), { code: 'HTTPBadRequest' });
});
