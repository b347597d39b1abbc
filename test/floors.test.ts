/** The floors of ARCHITECTURE.md: what may import what, and how large a file may be. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('..', import.meta.url).pathname;
const BELOW = ['base', 'platform'];
/** Types alone, of what a driver is, never how it is made. */
const DRIVER_INTERFACES = [
  'drivers/blobs/blobs.ts',
  'drivers/dataplane/dataplane.ts',
  'drivers/disks/format.ts',
  'drivers/hypervisor/hypervisor.ts',
];

/** Each folder of src may import itself and what is named here. Anything else is a mistake or a new decision. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  platform: ['base'],
  drivers: ['base', 'platform/fault.ts', 'platform/log.ts'],
  identity: [...BELOW, ...DRIVER_INTERFACES],
  image: [...BELOW, ...DRIVER_INTERFACES],
  placement: [...BELOW, ...DRIVER_INTERFACES],
  network: [...BELOW, ...DRIVER_INTERFACES, 'image/index.ts', 'identity/index.ts'],
  compute: [
    ...BELOW,
    ...DRIVER_INTERFACES,
    'network/index.ts',
    'network/network-api.ts',
    'image/index.ts',
    'identity/index.ts',
    'placement/index.ts',
    'placement/placement-api.ts',
  ],
  agent: ['base', 'platform', 'drivers'],
  app: [''],
  cli: [''],
};

/** Inside a resource folder the suffix is the floor: a file may import only suffixes to its right. */
const SUFFIXES = ['routes', 'service', 'saga', 'reconciler', 'store', 'rules', 'schema'];

/** Who alone may import a package. */
const GUARDED: readonly { readonly module: RegExp; readonly by: RegExp }[] = [
  { module: /^kysely$/, by: /\.store\.ts$|^platform\/db\// },
  { module: /^fastify$/, by: /\.routes\.ts$|^platform\/http\/|^app\// },
  { module: /^node:child_process$/, by: /^drivers\/run\.ts$/ },
  { module: /\/fake\//, by: /\/fake\/|^app\/|^agent\/open-drivers\.ts$/ },
];

/** The kind (`type` when only types are taken) and the target of each import. */
const IMPORT = /^(?:import|export) (type )?[^;']*?from '([^']+)'|import\(()'([^']+)'\)/gm;

/** Tests, and the `testing.ts` that those of a folder share, put together what they like. */
const isTest = (path: string) => path.endsWith('.test.ts') || path.endsWith('/testing.ts');

for (const path of globSync('src/**/*.ts', { cwd: ROOT }).filter((one) => !isTest(one))) {
  const file = path.replace(/^src\//, '');
  const text = readFileSync(`${ROOT}${path}`, 'utf8');
  const imports = [...text.matchAll(IMPORT)].map(([, type, target, , dynamic]) => ({
    typeOnly: type !== undefined,
    target: target ?? dynamic ?? '',
  }));

  test(`${path} imports only from its own floor and from those below`, () => {
    for (const { target, typeOnly } of imports) {
      for (const { module, by } of GUARDED) {
        assert.ok(
          typeOnly || !module.test(target) || by.test(file),
          `${path} may not import ${target}`,
        );
      }
      if (!/^[#.]/.test(target)) continue;
      const to = target.startsWith('#') ? target.slice(1) : posix.join(dirname(file), target);
      const [from = ''] = file.split('/');
      const allowed = [from, ...(MAY_IMPORT[from] ?? [])].some(
        (place) => place === '' || to === place || to.startsWith(`${place}/`),
      );
      const may = MAY_IMPORT[from]?.join(', ') || 'nothing';
      assert.ok(allowed, `${path} imports ${to}; ${from} may import ${may}`);
      const beside = dirname(to) === dirname(file) && rank(to) !== -1 && rank(file) !== -1;
      const upwards = beside && rank(file) > rank(to);
      assert.ok(!upwards, `${path} imports ${to}, which is a floor above it`);
    }
  });
}

test('every source file begins with a sentence on what it is for', () => {
  const silent = globSync('{src,test,bench}/**/*.ts', { cwd: ROOT }).filter(
    (path) => !readFileSync(`${ROOT}${path}`, 'utf8').startsWith('/**'),
  );
  assert.deepEqual(silent, []);
});

test('no source file has more than 600 lines', () => {
  const long = globSync('{src,test,bench}/**/*.ts', { cwd: ROOT }).filter(
    (path) => readFileSync(`${ROOT}${path}`, 'utf8').split('\n').length > 600,
  );
  assert.deepEqual(long, []);
});

test('file names are kebab-case with a known suffix', () => {
  const known = new Set([...SUFFIXES, 'faults', 'test']);
  const odd = globSync('src/**/*.ts', { cwd: ROOT }).filter((path) => {
    const [stem = '', ...suffixes] = (path.split('/').at(-1) ?? '').replace(/\.ts$/, '').split('.');
    return !/^[a-z0-9-]+$/.test(stem) || suffixes.some((suffix) => !known.has(suffix));
  });
  assert.deepEqual(odd, []);
});

function rank(path: string): number {
  return SUFFIXES.findIndex((suffix) => path.endsWith(`.${suffix}.ts`));
}
