/** Every schema that a request is checked with compiles: in production each waits for its first request. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { RequestCheck, type Schema } from '#compute/http/request-check.ts';
import { newAjv } from '#platform/http/validation.ts';
import { startTestCloud } from './support/start-cloud.ts';

const ROOT = new URL('../src/compute/', import.meta.url).pathname;
const MAX_MINOR = 200;

const cloud = await startTestCloud();
await cloud.app.ready();
after(async () => await cloud[Symbol.asyncDispose]());

test('every schema of every route compiles', () => {
  const [strict, coercing] = [newAjv(false), newAjv('array')];
  const broken: string[] = [];
  let compiled = 0;
  for (const { method, url, schema } of cloud.routes) {
    for (const part of ['body', 'querystring', 'params', 'headers']) {
      if (schema[part] === undefined) continue;
      compiled += 1;
      try {
        (part === 'body' ? strict : coercing).compile(schema[part] as object);
      } catch (error) {
        broken.push(`${part} of ${method} ${url}: ${String(error)}`);
      }
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(compiled > 0, 'no route has a schema');
});

test('every schema of every range of compute microversions compiles', async () => {
  const broken: string[] = [];
  let compiled = 0;
  for (const path of globSync('**/*.schema.ts', { cwd: ROOT })) {
    const exported = (await import(pathToFileURL(ROOT + path).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (!isRanges(value)) continue;
      const check = new RequestCheck();
      for (const [minor] of value) {
        compiled += 1;
        try {
          check.body(value, minor, null);
        } catch (error) {
          // The body is refused; a schema that does not compile fails with anything but a fault.
          if ((error as Error).name !== 'Fault')
            broken.push(`${path} ${name} 2.${minor}: ${String(error)}`);
        }
      }
      const starts = value.map(([from]) => from);
      assert.deepEqual(
        starts,
        starts.toSorted((a, b) => a - b),
        `${path} ${name} is in order`,
      );
      assert.ok((starts.at(-1) ?? 0) < MAX_MINOR, `${path} ${name}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(compiled > 20, 'compute has schemas');
});

function isRanges(value: unknown): value is readonly (readonly [number, Schema])[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => Array.isArray(item) && item.length === 2 && typeof item[0] === 'number')
  );
}
