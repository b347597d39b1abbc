/** All of a cloud as an ordinary user: a real guest, its network, ssh and exec, and nothing left in the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonToSkip, runSuite } from '../dataplane/as-user.ts';

const skip = reasonToSkip('rootless') ?? false;

test('a user without rights has a whole cloud', { skip, timeout: 290_000 }, async () => {
  const { code, stdout, stderr } = await runSuite('rootless', '-', 'test/cli/rootless-program.ts');
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /nothing is left\n$/);
});
