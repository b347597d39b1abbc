/** The runner: one run at a time, none forgotten, failures tried again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../log.ts';
import type { Reconciler, Tally } from './reconciler.ts';
import { ReconcilerRunner } from './runner.ts';

const NOTHING: Tally = { seen: 0, changed: 0, failed: [] };

function start() {
  const runner = new ReconcilerRunner({ log: silentLog(), now: () => new Date() });
  return { runner, [Symbol.asyncDispose]: async () => await runner.close() };
}

function reconciler(run: Reconciler['run'], everyMs = 3_600_000): Reconciler {
  return { name: 'r', everyMs, run };
}

test('a reconciler runs when it is added and whenever it is woken', async () => {
  await using r = start();
  let runs = 0;
  r.runner.add(
    reconciler(async () => {
      runs += 1;
      return await Promise.resolve(NOTHING);
    }),
  );
  await r.runner.idle();
  r.runner.wake('r');
  await r.runner.idle();
  assert.equal(runs, 2);
});

test('waking it while it runs owes one more run, however often', async () => {
  await using r = start();
  let runs = 0;
  let atOnce = 0;
  const gate = Promise.withResolvers<void>();
  r.runner.add(
    reconciler(async () => {
      runs += 1;
      atOnce += 1;
      assert.equal(atOnce, 1);
      await gate.promise;
      atOnce -= 1;
      return NOTHING;
    }),
  );
  for (let times = 0; times < 5; times++) r.runner.wake('r');
  gate.resolve();
  await r.runner.idle();
  assert.equal(runs, 2);
});

test('a run that throws is told in the status and tried again soon', async () => {
  await using r = start();
  const again = Promise.withResolvers<void>();
  let runs = 0;
  r.runner.add(
    reconciler(async () => {
      runs += 1;
      if (runs === 1) throw new Error('the database was away');
      again.resolve();
      return await Promise.resolve(NOTHING);
    }, 100),
  );
  await r.runner.idle();
  assert.equal(r.runner.statuses()[0]?.lastError, 'the database was away');
  await again.promise;
  await r.runner.idle();
  assert.equal(r.runner.statuses()[0]?.lastError, null);
});

test('closing it aborts the run under way and starts no other', async () => {
  const { runner } = start();
  const began = Promise.withResolvers<void>();
  let runs = 0;
  runner.add(
    reconciler(async (signal) => {
      runs += 1;
      began.resolve();
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
      return NOTHING;
    }),
  );
  await began.promise;
  runner.wake('r');
  await runner.close();
  runner.wake('r');
  assert.equal(runs, 1);
});
