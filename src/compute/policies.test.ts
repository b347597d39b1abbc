/** Every rule that a route names exists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld } from './fake/compute-world.ts';

test('every route of the API names rules that exist', async () => {
  await using world = await ComputeWorld.start();
  const rules = new Map<string, readonly string[]>();
  world.app.addHook('onRoute', ({ method, url, config }) => {
    const named = [config?.policy ?? []].flat();
    if (config?.public !== true && method !== 'HEAD') rules.set(`${String(method)} ${url}`, named);
  });
  await world.app.ready();
  const names = new Set(world.compute.policy.names);
  assert.ok(rules.size > 200, 'routes were seen');
  const wrong = [...rules].filter(([, named]) => named.some((rule) => !names.has(rule)));
  assert.deepEqual(wrong, []);
  // Flavors are for everybody: Nova's rules for them ask for nothing.
  const open = [...rules].filter(([, named]) => named.length === 0).map(([route]) => route);
  assert.deepEqual(
    open.filter((route) => !/\/flavors(\/detail|\/:id)?$/.test(route)),
    [],
  );
});
