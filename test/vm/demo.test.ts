/** The demo, which acts out both specifications with real guests and the stock clients: every row of its table must pass. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt } from '#drivers/run.ts';
import { STACKYARD } from '../support/real-cloud.ts';

/** It boots some ten guests, one after another, without KVM. */
const PATIENCE_MS = 900_000;

test(
  'stackyard demo passes in every row and leaves nothing',
  { timeout: PATIENCE_MS },
  async (t) => {
    const home = await mkdtemp(join(tmpdir(), 'stackyard-test-'));
    const stateDir = join(home, 'state');
    const words = ['--state-dir', stateDir];
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS - 60_000);
      const { code, stdout, stderr } = await attempt(STACKYARD, ['demo', ...words], { signal });
      const rows = stdout.split('\n').filter((line) => /^(passed|FAILED) /.test(line));
      for (const row of rows) await t.test(row.trim(), () => assert.match(row, /^passed/));
      assert.ok(rows.length >= 20, `only ${rows.length} rows:\n${stdout}\n${stderr}`);
      assert.match(stdout, new RegExp(`^${rows.length} passed, 0 failed$`, 'm'));
      assert.equal(code, 0, stderr);
      assert.ok(!existsSync(stateDir), 'its cloud is gone');
    } finally {
      const signal = AbortSignal.timeout(60_000);
      if (existsSync(stateDir)) await attempt(STACKYARD, ['down', ...words, '--purge'], { signal });
      await rm(home, { recursive: true, force: true });
    }
  },
);
