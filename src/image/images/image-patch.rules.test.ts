/** Patches of images, row by row: what they are refused for, and what they make. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImageChecker } from './image-checker.ts';
import type { Image } from './image-model.ts';
import { checkPatchType, parsePatch, planPatch } from './image-patch.rules.ts';
import { planImage } from './image.rules.ts';

const RFC = 'application/openstack-images-v2.1-json-patch';
const OLD = 'application/openstack-images-v2.0-json-patch';

const checker = new ImageChecker();
const parse = (body: unknown, type = RFC) => parsePatch(body, type, (part) => checker.check(part));

function image(rest: Partial<Image> = {}): Image {
  const now = new Date(0);
  const made = planImage({ tags: ['t'] }, { id: 'i', projectId: 'red', now });
  return { ...made, properties: { color: 'blue' }, ...rest };
}

const plan = (body: unknown, of: Image = image(), type = RFC, isAdmin = false) =>
  planPatch(of, parse(body, type), { isAdmin, authorize: () => undefined });

const op = (verb: string, path: string, value?: unknown) => [
  { op: verb, path, ...(value === undefined ? {} : { value }) },
];

const unreadable = [
  { body: null, says: 'Body expected in request.' },
  { body: {}, says: 'Request body must be a JSON array of operation objects.' },
  { body: ['x'], says: 'Operations must be JSON objects.' },
  { body: [{ path: '/a' }], says: /^Unable to find `op`/ },
  { body: op('move', '/a'), says: /^Invalid operation: `move`/ },
  { body: [{ op: 'add' }], says: "Unable to find 'path' in JSON Schema change" },
  { body: op('add', 'a', 'x'), says: 'Pointer `a` does not start with "/".' },
  { body: op('add', '/a//b', 'x'), says: /contains adjacent/ },
  { body: op('add', '/a/', 'x'), says: /end with/ },
  { body: op('add', '/a~2', 'x'), says: /contains "~"/ },
  { body: op('add', '/a/b', 'x'), says: "Invalid JSON pointer for this resource: '/a/b'" },
  { body: op('add', '/a'), says: 'Operation "add" requires a member named "value".' },
  { body: op('replace', '/id', 'x'), says: "Attribute 'id' is read-only." },
  { body: op('replace', '/status', 'x'), says: "Attribute 'status' is read-only." },
  { body: op('add', '/deleted', 'x'), says: "Attribute 'deleted' is reserved." },
  { body: op('add', '/os_glance_x', 'x'), says: "Attribute 'os_glance_x' is reserved." },
  { body: op('replace', '/name', 5), says: /5 is not of type 'null', 'string'$/ },
  { body: op('add', '/a', 5), says: /5 is not of type 'string'$/ },
  { body: op('replace', '/disk_format', 'x'), says: /'x' is not one of \[None, 'ami'/ },
];

for (const { body, says } of unreadable) {
  test(`the patch ${JSON.stringify(body)} is refused`, () => {
    assert.throws(() => parse(body), { name: 'Fault', message: says });
  });
}

const unreadableOld = [
  { body: [{ add: '/a', remove: '/b', value: '' }], says: /contain only one member/ },
  { body: [{ value: '' }], says: /contain exactly one member/ },
];

for (const { body, says } of unreadableOld) {
  test(`the old patch ${JSON.stringify(body)} is refused`, () => {
    assert.throws(() => parse(body, OLD), { message: says });
  });
}

const refused = [
  { body: op('remove', '/name'), kind: 'forbidden', says: 'Property name may not be removed.' },
  { body: op('remove', '/size_'), kind: 'conflict', says: 'Property size_ does not exist.' },
  { body: op('replace', '/a', 'x'), kind: 'conflict', says: 'Property a does not exist.' },
  {
    body: op('replace', '/owner', 'blue'),
    kind: 'forbidden',
    says: "Owner can't be updated by non admin.",
  },
  {
    body: op('replace', '/min_disk', -1),
    kind: 'invalid',
    says: "Invalid value '-1' for parameter 'min_disk': Cannot be a negative value",
  },
  { body: op('replace', '/locations', []), kind: 'forbidden', says: /to empty list/ },
  {
    body: op('add', '/locations/-', { url: 'file:///etc/shadow', metadata: {} }),
    kind: 'forbidden',
    says: /to add locations if locations are invisible/,
  },
  { body: op('remove', '/locations/0'), kind: 'forbidden', says: /to remove locations/ },
];

for (const { body, kind, says } of refused) {
  test(`the patch ${JSON.stringify(body)} cannot be applied`, () => {
    assert.throws(() => plan(body), { kind, message: says });
  });
}

test('the formats of an image that has its bytes stay', () => {
  const active = image({ status: 'active' });
  assert.throws(() => plan(op('replace', '/disk_format', 'raw'), active), {
    kind: 'forbidden',
    message: 'Attribute disk_format can be only replaced for a queued image.',
  });
});

test('an old patch may not add what is there; a new one replaces it', () => {
  const old = [{ add: '/color', value: 'red' }];
  assert.throws(() => plan(old, image(), OLD), { message: 'Property color already present.' });
  assert.equal(plan(op('add', '/color', 'red')).properties['color'], 'red');
});

test('a patch changes attributes, properties and tags, in its order', () => {
  const made = plan([
    { op: 'replace', path: '/name', value: 'n' },
    { op: 'add', path: '/protected', value: true },
    { op: 'remove', path: '/color' },
    { op: 'add', path: '/a~1b', value: '1' },
    { op: 'replace', path: '/a~1b', value: '2' },
    { op: 'add', path: '/__proto__', value: 'x' },
    { op: 'replace', path: '/tags', value: ['z', 'y', 'z'] },
  ]);
  assert.deepEqual(made.changes, { name: 'n', protected: 1 });
  assert.deepEqual(Object.entries(made.properties), [
    ['a/b', '2'],
    ['__proto__', 'x'],
  ]);
  assert.deepEqual(made.tags, ['y', 'z']);
});

test('a patch is of one of two media types', () => {
  assert.equal(checkPatchType(`${RFC}; charset=utf-8`), RFC);
  assert.throws(() => checkPatchType('application/json-patch+json'), {
    kind: 'unsupported-media-type',
  });
  assert.throws(() => checkPatchType(undefined), { kind: 'unsupported-media-type' });
});
