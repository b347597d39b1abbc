/** `stackyard doctor`, the launcher, and help: what a person meets first. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attempt } from '#drivers/run.ts';
import { VERBS } from '#cli/verbs.ts';
import { STACKYARD, stackyard } from '../support/real-cloud.ts';

const FINDING = { subject: 'string', ok: 'boolean', said: 'string' };

test('doctor --json says of each thing whether it is there, and how to get it', async () => {
  const { code, stdout } = await stackyard(['doctor', '--json']);
  const { ok, findings } = JSON.parse(stdout) as {
    ok: boolean;
    findings: Record<string, unknown>[];
  };
  assert.equal(code, ok ? 0 : 1);
  assert.ok(findings.length >= 8);
  for (const finding of findings) {
    for (const [name, type] of Object.entries(FINDING)) {
      assert.equal(typeof finding[name], type, JSON.stringify(finding));
    }
    assert.ok(finding['remedy'] === null || typeof finding['remedy'] === 'string');
  }
  const text = await stackyard(['doctor']);
  assert.equal(text.code, code);
  for (const { subject } of findings) assert.ok(text.stdout.includes(String(subject)));
});

test('help names every command, and every command has help of its own', async () => {
  const { code, stdout } = await stackyard(['--help']);
  assert.equal(code, 0);
  for (const verb of Object.keys(VERBS)) assert.match(stdout, new RegExp(`^  ${verb} `, 'm'));
  const own = await stackyard(['up', '--help']);
  assert.equal(own.code, 0);
  assert.match(own.stdout, /--state-dir DIR/);
  assert.match((await stackyard(['--version'])).stdout, /^\d+\.\d+\.\d+$/m);
});

test('the launcher works through a link, and says what to do without npm packages', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stackyard-test-'));
  const signal = AbortSignal.timeout(20_000);
  try {
    await symlink(STACKYARD, join(folder, 'linked'));
    assert.equal((await attempt(join(folder, 'linked'), ['--version'], { signal })).code, 0);
    await mkdir(join(folder, 'bin'));
    const copy = join(folder, 'bin', 'stackyard');
    await copyFile(STACKYARD, copy);
    const { code, stdout, stderr } = await attempt(copy, ['up'], { signal });
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /its npm packages are not installed\. Run 'npm ci' in /);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('who reads its output may stop reading', async () => {
  const script = '{ "$1" --help; echo "code $?" >&2; } | true';
  const { stderr } = await attempt('sh', ['-c', script, 'sh', STACKYARD], {
    signal: AbortSignal.timeout(20_000),
  });
  assert.equal(stderr, 'code 0\n');
});
