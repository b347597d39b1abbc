/** Which assignments follow from others, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  effective,
  withImplied,
  type Assignment,
  type EffectFacts,
} from './role-assignment.rules.ts';

const facts: EffectFacts = {
  membersOf: (id) => (id === 'g' ? ['u1', 'u2'] : []),
  projectsUnder: ({ id }) => (id === 'd' ? ['p', 'q'] : id === 'p' ? ['q'] : []),
  implications: [
    { prior: 'admin', implied: 'member' },
    { prior: 'member', implied: 'reader' },
    { prior: 'reader', implied: 'admin' },
  ],
};
const given = (of: Partial<Assignment>): Assignment => ({
  actor: { type: 'user', id: 'u' },
  target: { type: 'project', id: 'p' },
  roleId: 'plain',
  inherited: false,
  ...of,
});
const tell = ({ actor, target, roleId, via }: Assignment) =>
  `${actor.id} ${roleId} ${target.id}` +
  (via?.groupId ? ` by ${via.groupId}` : '') +
  (via?.target ? ` from ${via.target.id}` : '') +
  (via?.roleId ? ` for ${via.roleId}` : '');

const rows: readonly [string, Partial<Assignment>, readonly string[]][] = [
  ['a plain one stays', {}, ['u plain p']],
  [
    'a group gives to its members',
    { actor: { type: 'group', id: 'g' } },
    ['u1 plain p by g', 'u2 plain p by g'],
  ],
  ['an empty group gives to nobody', { actor: { type: 'group', id: 'x' } }, []],
  [
    'a domain passes on to its projects',
    { target: { type: 'domain', id: 'd' }, inherited: true },
    ['u plain p from d', 'u plain q from d'],
  ],
  [
    'a project passes on to those below, and keeps nothing',
    { inherited: true },
    ['u plain q from p'],
  ],
  [
    'a role brings those it implies, in circles too',
    { roleId: 'member' },
    ['u member p', 'u reader p for member', 'u admin p for reader'],
  ],
  [
    'all of it together',
    {
      actor: { type: 'group', id: 'g' },
      target: { type: 'project', id: 'p' },
      inherited: true,
      roleId: 'reader',
    },
    ['u1', 'u2'].flatMap((user) => [
      `${user} reader q by g from p`,
      `${user} admin q by g from p for reader`,
      `${user} member q by g from p for admin`,
    ]),
  ],
];

for (const [what, assignment, expected] of rows) {
  test(`effective assignments: ${what}`, () => {
    assert.deepEqual(effective([given(assignment)], facts).map(tell), expected);
  });
}

test('implied roles are followed to the end, once each', () => {
  assert.deepEqual(
    [...withImplied(['member', 'plain'], facts.implications)],
    ['member', 'plain', 'reader', 'admin'],
  );
});
