/** Proves what each of QEMU's states means for us. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestState } from './guest-state.ts';

const states = [
  ['running', 'running'],
  ['paused', 'paused'],
  ['prelaunch', 'paused'],
  ['suspended', 'paused'],
  ['shutdown', 'ended'],
  ['io-error', 'stuck'],
  ['internal-error', 'broken'],
  ['guest-panicked', 'broken'],
  ['a state of tomorrow', 'paused'],
] as const;

for (const [status, state] of states) {
  test(`a guest that QEMU calls ${status} is ${state}`, () => {
    assert.equal(guestState(status), state);
  });
}
