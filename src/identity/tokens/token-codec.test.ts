/** Tokens as bytes: what was put in comes out, and nothing else does. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { decodeToken, encodeToken, type TokenClaims, type TokenScope } from './token-codec.ts';

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const scopes: readonly TokenScope[] = [
  { kind: 'none' },
  { kind: 'system' },
  { kind: 'domain', id: 'default' },
  { kind: 'project', id: 'a50c71a720554992b5a521e05931d111' },
];
const claims = (scope: TokenScope): TokenClaims => ({
  userId: '4c9fbbd9da8e4d9ab2f254fb184055d6',
  methods: ['password', 'token'],
  scope,
  auditIds: ['4xmwu8bJRlqOfLA5fpwFCQ', 'tva14N0KShmolbAIZ9nLnw'],
  issuedAt: 1,
  expiresAt: 2,
});

for (const scope of scopes) {
  test(`a token of scope ${scope.kind} says what was put in`, () => {
    const token = encodeToken(claims(scope), [newKey]);
    assert.match(token, /^A[\w-]+$/);
    assert.ok(token.length < 400);
    assert.deepEqual(decodeToken(token, [newKey]), claims(scope));
  });
}

test('tokens of an older key are read, and new ones are made with the newest', () => {
  const [scope] = scopes as [TokenScope];
  const old = encodeToken(claims(scope), [oldKey]);
  assert.deepEqual(decodeToken(old, [newKey, oldKey]), claims(scope));
  assert.equal(decodeToken(encodeToken(claims(scope), [newKey, oldKey]), [oldKey]), undefined);
});

test('whatever is changed in a token makes it worthless', () => {
  const [scope] = scopes as [TokenScope];
  const token = encodeToken(claims(scope), [newKey]);
  const bytes = Buffer.from(token, 'base64url');
  for (const at of bytes.keys()) {
    const forged = Buffer.from(bytes);
    forged.writeUInt8((forged.readUInt8(at) ^ 1) & 0xff, at);
    assert.equal(decodeToken(forged.toString('base64url'), [newKey]), undefined, `byte ${at}`);
  }
  for (const other of [
    '',
    'x',
    `${token}=`,
    `${token} `,
    ` ${token}`,
    token.slice(0, -4),
    'A'.repeat(60),
  ]) {
    assert.equal(decodeToken(other, [newKey]), undefined, other);
  }
});
