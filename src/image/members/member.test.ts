/** Sharing an image with other projects, over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startImage } from '../testing.ts';

const ADMIN = 'ops:admin,member,reader';

test('an image is shared, accepted, listed and taken back', async () => {
  await using cloud = await startImage();
  const [red, blue] = [cloud.as('red'), cloud.as('blue')];
  const { id } = await red.make();
  const members = `/v2/images/${id}/members`;
  const made = await red.post(members, { member: 'blue' });
  assert.equal(made.status, 200, made.text);
  assert.deepEqual(made.body, {
    member_id: 'blue',
    image_id: id,
    status: 'pending',
    created_at: '2026-01-01T00:00:01Z',
    updated_at: '2026-01-01T00:00:01Z',
    schema: '/v2/schemas/member',
  });

  const listed = async (query = '') =>
    (await blue.get(`/v2/images${query}`)).body.images.length as number;
  assert.equal(await listed(), 0);
  assert.equal(await listed('?member_status=pending&visibility=shared'), 1);
  assert.equal(await listed('?member_status=all'), 1);
  assert.equal((await blue.get(`/v2/images/${id}`)).status, 200);

  const accepted = await blue.put(`${members}/blue`, { status: 'accepted' });
  assert.equal(accepted.body.status, 'accepted');
  assert.equal(await listed(), 1);
  await blue.put(`${members}/blue`, { status: 'rejected' });
  assert.equal(await listed(), 0);

  assert.equal((await red.delete(`${members}/blue`)).status, 204);
  assert.equal((await blue.get(`/v2/images/${id}`)).status, 404);
});

test('a member sees its own membership and no other', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  const members = `/v2/images/${id}/members`;
  for (const member of ['blue', 'green']) await cloud.as('red').post(members, { member });
  const ids = async (who: string) =>
    (await cloud.as(who).get(members)).body.members.map(
      ({ member_id }: { member_id: string }) => member_id,
    );
  assert.deepEqual(await ids('red'), ['blue', 'green']);
  assert.deepEqual(await ids(ADMIN), ['blue', 'green']);
  assert.deepEqual(await ids('blue'), ['blue']);
  assert.equal((await cloud.as('blue').get(`${members}/blue`)).status, 200);
  const other = await cloud.as('blue').get(`${members}/green`);
  assert.equal(other.status, 404);
  assert.match(
    other.body.message,
    new RegExp(`^green not found in the member list of the image ${id}`),
  );
});

test('a deleted image takes its members along', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make({ a: 'b', tags: ['t'] });
  await cloud.as('red').post(`/v2/images/${id}/members`, { member: 'blue' });
  await cloud.as('red').delete(`/v2/images/${id}`);
  for (const table of ['image_members', 'image_properties', 'image_tags'] as const) {
    assert.deepEqual(await cloud.db.selectFrom(table).selectAll().execute(), [], table);
  }
});

type Case = {
  readonly what: string;
  readonly who: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly visibility?: string;
  readonly status: number;
  readonly says: RegExp;
};

const refused: readonly Case[] = [
  {
    what: 'a second membership',
    who: 'red',
    method: 'POST',
    path: '',
    body: { member: 'blue' },
    status: 409,
    says: /^Member blue is duplicated for image/,
  },
  {
    what: 'a member of a private image',
    who: 'red',
    visibility: 'private',
    method: 'POST',
    path: '',
    body: { member: 'x' },
    status: 403,
    says: /^Not allowed to create members for image/,
  },
  {
    what: 'the list of members of a private image',
    who: 'red',
    visibility: 'private',
    method: 'GET',
    path: '',
    status: 403,
    says: /^Not allowed to list members for image .*: Only shared images have members/,
  },
  {
    what: 'sharing on by a member',
    who: 'blue',
    method: 'POST',
    path: '',
    body: { member: 'x' },
    status: 403,
    says: /^Not allowed to create members for image/,
  },
  {
    what: 'a stranger',
    who: 'green',
    method: 'GET',
    path: '',
    status: 404,
    says: /^Image .* not found/,
  },
  {
    what: 'acceptance by the owner',
    who: 'red',
    method: 'PUT',
    path: '/blue',
    body: { status: 'accepted' },
    status: 403,
    says: /^Not allowed to update members for image/,
  },
  {
    what: 'an unknown status',
    who: 'blue',
    method: 'PUT',
    path: '/blue',
    body: { status: 'perhaps' },
    status: 400,
    says: /^Incorrect request: Status must be "pending", "accepted" or "rejected"/,
  },
  {
    what: 'a member that takes itself off',
    who: 'blue',
    method: 'DELETE',
    path: '/blue',
    status: 403,
    says: /^Not allowed to delete members for image/,
  },
  {
    what: 'deleting who is no member',
    who: 'red',
    method: 'DELETE',
    path: '/green',
    status: 404,
    says: /^green not found in the member list/,
  },
  {
    what: 'no member',
    who: 'red',
    method: 'POST',
    path: '',
    body: {},
    status: 400,
    says: /^Member to be added not specified/,
  },
  {
    what: 'an empty member',
    who: 'red',
    method: 'POST',
    path: '',
    body: { member: '' },
    status: 400,
    says: /^Member can't be empty/,
  },
  {
    what: 'a list',
    who: 'red',
    method: 'POST',
    path: '',
    body: [],
    status: 400,
    says: /^Expected a member in the form/,
  },
  {
    what: 'no status',
    who: 'blue',
    method: 'PUT',
    path: '/blue',
    body: {},
    status: 400,
    says: /^Status not specified/,
  },
];

for (const { what, who, method, path, body, visibility, status, says } of refused) {
  test(`${method} /v2/images/{id}/members${path} refuses ${what}`, async () => {
    await using cloud = await startImage();
    const { id } = await cloud.as('red').make();
    await cloud.as('red').post(`/v2/images/${id}/members`, { member: 'blue' });
    if (visibility !== undefined) {
      await cloud.as('red').patch(id, [{ op: 'replace', path: '/visibility', value: visibility }]);
    }
    const answer = await cloud.as(who).send(method, `/v2/images/${id}/members${path}`, { body });
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.body.message, says);
  });
}

test('no more than 128 projects share an image', async () => {
  await using cloud = await startImage();
  const { id } = await cloud.as('red').make();
  for (let number = 0; number < 128; number += 1) {
    await cloud.as('red').post(`/v2/images/${id}/members`, { member: `p${number}` });
  }
  const answer = await cloud.as('red').post(`/v2/images/${id}/members`, { member: 'last' });
  assert.equal(answer.status, 413);
  assert.match(answer.body.message, /Attempted: 129, Maximum: 128/);
});
