/** Check strings, row by row, and what an operator's overrides do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { internalContext, type Context } from '../context.ts';
import { Fault } from '../fault.ts';
import { silentLog } from '../log.ts';
import { Policy } from './policy.ts';

const deny = (rule: string) => new Fault('forbidden', 'PolicyNotAuthorized', rule);

function who(roles: string[], projectId = 'red', extra: Partial<Context> = {}): Context {
  const base = internalContext(silentLog(), new AbortController().signal, projectId);
  return { ...base, internal: false, userId: 'u1', roles: new Set(roles), ...extra };
}

const decided: readonly [string, Context, Record<string, unknown>, boolean][] = [
  ['', who([]), {}, true],
  ['@', who([]), {}, true],
  ['!', who(['admin']), {}, false],
  ['role:admin', who(['admin']), {}, true],
  ['role:ADMIN', who(['admin']), {}, true],
  ['role:admin', who(['member']), {}, false],
  ['role:reader and project_id:%(project_id)s', who(['reader']), { project_id: 'red' }, true],
  ['role:reader and project_id:%(project_id)s', who(['reader']), { project_id: 'blue' }, false],
  ['role:reader and project_id:%(project_id)s', who(['reader'], ''), { project_id: '' }, false],
  ['role:a or role:b and role:c', who(['a']), {}, true],
  ['(role:a or role:b) and role:c', who(['a']), {}, false],
  ['not role:a', who(['a']), {}, false],
  ['user_id:%(target.user.id)s', who([]), { 'target.user.id': 'u1' }, true],
  ['user_id:%(target.user.id)s', who([]), {}, false],
  ['system_scope:all', who([], '', { systemScope: 'all' }), {}, true],
  ['field:networks:shared=True', who([]), { shared: true }, true],
  ['field:port:owner=~^net:', who([]), { owner: 'net:dhcp' }, true],
  ['field:port:owner=~^net:', who([]), { owner: 'a net:' }, false],
  ['None:%(target.domain)s', who([]), { 'target.domain': null }, true],
  ['not domain_id:None', who([], '', { domainId: 'd1' }), {}, true],
  ['not domain_id:None', who([]), {}, false],
  ["'x':%(kind)s", who([]), { kind: 'x' }, true],
];

for (const [check, ctx, target, expected] of decided) {
  test(`'${check}' is ${expected} for roles [${[...ctx.roles].join()}] on ${JSON.stringify(target)}`, () => {
    assert.equal(new Policy([{ name: 'r', check }], {}, deny).allows(ctx, 'r', target), expected);
  });
}

for (const check of ['role', 'role:a and', '(role:a', 'role:a role:b', 'rule:missing', 'rule:r']) {
  test(`'${check}' is refused when the policy is read`, () => {
    assert.throws(() => new Policy([{ name: 'r', check }], {}, deny), { code: 'InvalidPolicy' });
  });
}

test('an override replaces a default, and everything that refers to it follows', () => {
  const rules = [
    { name: 'admin', check: 'role:admin' },
    { name: 'delete', check: 'rule:admin' },
  ];
  const policy = new Policy(rules, { admin: 'role:boss', elsewhere: '!' }, deny);
  assert.equal(policy.allows(who(['boss']), 'delete'), true);
  assert.throws(() => policy.authorize(who(['admin']), 'delete'), { code: 'PolicyNotAuthorized' });
});
