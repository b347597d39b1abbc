/** Passwords: hashed so that each guess costs, and remembered so that a right one does not cost twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PasswordCheck } from './password-check.ts';
import { PasswordHasher } from './password-hash.ts';

test('a hash fits its password and no other, and says how it was made', async () => {
  const hasher = new PasswordHasher(4);
  const hash = await hasher.hash('ünïcode 密码');
  assert.match(hash, /^\$scrypt\$ln=4,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/);
  assert.notEqual(await hasher.hash('ünïcode 密码'), hash);
  assert.equal(await hasher.matches('ünïcode 密码', hash), true);
  assert.equal(await hasher.matches('ünïcode', hash), false);
  assert.equal(await hasher.matches('', null), false);
  assert.equal(await new PasswordHasher(5).matches('ünïcode 密码', hash), true, 'other parameters');
});

test('too many checks at once are put off, not piled up', async () => {
  const hasher = new PasswordHasher(4);
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, async () => await hasher.matches('x', null)),
  );
  const refused = results.filter((result) => result.status === 'rejected');
  assert.equal(refused.length, 300 - 2 - 200);
  assert.equal(await hasher.matches('x', null), false, 'and it goes on afterwards');
});

/** Counts how often the slow part runs. */
class CountingHasher extends PasswordHasher {
  count = 0;
  override async matches(password: string, stored: string | null): Promise<boolean> {
    this.count += 1;
    return await super.matches(password, stored);
  }
}

test('a password that was right is known again until it is changed; a wrong one costs each time', async () => {
  const hasher = new CountingHasher(4);
  const check = new PasswordCheck(hasher);
  const hash = await hasher.hash('right');
  const both = await Promise.all([
    check.matches('u', 'right', hash),
    check.matches('u', 'right', hash),
  ]);
  assert.deepEqual(both, [true, true]);
  assert.equal(hasher.count, 1, 'at the same time, once');
  await check.matches('u', 'right', hash);
  assert.equal(hasher.count, 1);
  await check.matches('u', 'wrong', hash);
  await check.matches('u', 'wrong', hash);
  assert.equal(hasher.count, 3);
  await check.matches('u', 'right', await hasher.hash('right'));
  assert.equal(hasher.count, 4, 'the same password, set anew');
  await check.matches('other', 'right', hash);
  assert.equal(hasher.count, 5, 'another user');
});
