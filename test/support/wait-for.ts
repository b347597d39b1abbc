/** Waiting for what comes about by itself, without sleeping for a fixed time. */
import assert from 'node:assert/strict';

/**
 * Asks until the answer is neither undefined nor false, and returns it; fails after `ms`, saying what was waited for.
 * `everyMs`: longer for what asking would only slow down.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 10_000,
  everyMs = 1,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    assert.ok(performance.now() < end, `waited ${ms} ms in vain: ${what}`);
    // Whatever is under way in this process goes on; a whole turn is left to timers and sockets.
    await new Promise<void>((resolve) => {
      setTimeout(resolve, everyMs);
    });
  }
}
