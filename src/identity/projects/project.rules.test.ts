/** What makes a project valid, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkDelete,
  checkPlace,
  checkUpdate,
  parentsAsIds,
  subtreeAsIds,
  type ProjectFacts,
} from './project.rules.ts';

const domain = (id: string, enabled: 0 | 1 = 1): ProjectFacts => ({
  id,
  domain_id: null,
  parent_id: null,
  is_domain: 1,
  enabled,
});
const project = (id: string, parent_id: string, enabled: 0 | 1 = 1): ProjectFacts => ({
  id,
  domain_id: 'd',
  parent_id,
  is_domain: 0,
  enabled,
});
const chain = ['p4', 'p3', 'p2', 'p1'].map((id) => project(id, 'd'));

const misplaced = [
  {
    why: 'under another domain',
    in: domain('d'),
    under: domain('e'),
    above: [],
    says: /does not match/,
  },
  {
    why: 'under a project of another domain',
    in: domain('e'),
    under: project('p', 'd'),
    above: [],
    says: /different domain/,
  },
  {
    why: 'in a disabled domain',
    in: domain('d', 0),
    under: domain('d', 0),
    above: [],
    says: /disabled project: d$/,
  },
  {
    why: 'under a disabled project',
    in: domain('d'),
    under: project('p', 'd', 0),
    above: [],
    says: /disabled project: p$/,
  },
  {
    why: 'six levels down',
    in: domain('d'),
    under: project('p5', 'p4'),
    above: chain,
    says: /Max hierarchy depth/,
  },
];

for (const { why, in: inside, under, above, says } of misplaced) {
  test(`a project may not be ${why}`, () => {
    assert.throws(() => checkPlace(inside, under, above), { name: 'Fault', message: says });
  });
}

test('a project may be five levels down', () => {
  checkPlace(domain('d'), project('p4', 'p3'), chain.slice(1));
});

const still = { immutable: false, above: [], below: [] };
const p = project('p', 'd');
const refusedUpdates = [
  {
    why: 'move to another parent',
    of: p,
    change: { parent_id: 'x' },
    facts: still,
    code: 'Forbidden',
  },
  {
    why: 'move to another domain',
    of: p,
    change: { domain_id: 'x' },
    facts: still,
    code: 'ValidationError',
  },
  {
    why: 'become a domain',
    of: p,
    change: { is_domain: true },
    facts: still,
    code: 'ValidationError',
  },
  {
    why: 'change while immutable',
    of: p,
    change: {},
    facts: { ...still, immutable: true },
    code: 'ResourceUpdateForbidden',
  },
  {
    why: 'be disabled above enabled ones',
    of: p,
    change: { enabled: false },
    facts: { ...still, below: [project('q', 'p')] },
    code: 'Forbidden',
  },
  {
    why: 'be enabled below disabled ones',
    of: project('p', 'q', 0),
    change: { enabled: true },
    facts: { ...still, above: [project('q', 'd', 0)] },
    code: 'Forbidden',
  },
];

for (const { why, of, change, facts, code } of refusedUpdates) {
  test(`a project may not ${why}`, () => {
    assert.throws(() => checkUpdate(of, change, facts), { name: 'Fault', code });
  });
}

test('what is said again is no change', () => {
  checkUpdate(p, { parent_id: 'd', domain_id: 'd', is_domain: false, enabled: true }, still);
  checkUpdate(domain('d'), { enabled: false }, { ...still, below: [p] });
});

const keep = { immutable: false, below: [], isDefaultDomain: false };
const refusedDeletes = [
  {
    why: 'with projects below it',
    of: p,
    facts: { ...keep, below: [project('q', 'p')] },
    says: /not a leaf/,
  },
  {
    why: 'that is immutable',
    of: p,
    facts: { ...keep, immutable: true },
    says: /immutable project/,
  },
  { why: 'that is an enabled domain', of: domain('d'), facts: keep, says: /disable it first/ },
  {
    why: 'that is the default domain',
    of: domain('d', 0),
    facts: { ...keep, isDefaultDomain: true },
    says: /default domain/,
  },
];

for (const { why, of, facts, says } of refusedDeletes) {
  test(`a project ${why} is not deleted`, () => {
    assert.throws(() => checkDelete(of, facts), { name: 'Fault', message: says });
  });
}

test('families are told as ids within ids', () => {
  assert.deepEqual(parentsAsIds(['b', 'a', 'd']), { b: { a: { d: null } } });
  assert.equal(parentsAsIds([]), null);
  const below = [project('b', 'a'), project('c', 'a'), project('e', 'c')];
  assert.deepEqual(subtreeAsIds('a', below), { b: null, c: { e: null } });
});
