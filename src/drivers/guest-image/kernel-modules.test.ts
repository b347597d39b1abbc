/** Which modules the guest gets and in which order they load. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elfWithSection } from './elf-sample.ts';
import {
  loadOrder,
  moduleName,
  readModule,
  writeModulesAlias,
  writeModulesDep,
  type KernelModule,
} from './kernel-modules.ts';

const module = (name: string, depends: string[] = [], aliases: string[] = []): KernelModule => ({
  name,
  depends,
  aliases,
});

const known = new Map(
  [
    module('virtio_net', ['virtio', 'net_failover', 'virtio_ring']),
    module('net_failover', ['failover']),
    module('failover'),
    module('virtio'),
    module('virtio_ring', ['virtio']),
    module('unused'),
  ].map((each) => [each.name, each]),
);
const find = (name: string): KernelModule | undefined => known.get(name);

test('every module comes after what it depends on, and nothing else comes', () => {
  const order = loadOrder(['virtio_net'], find).map(({ name }) => name);
  assert.deepEqual(order, ['virtio', 'failover', 'net_failover', 'virtio_ring', 'virtio_net']);
});

test('a dependency that the kernel has built in is passed over', () => {
  const order = loadOrder(['a'], (name) => (name === 'a' ? module('a', ['built_in']) : undefined));
  assert.deepEqual(
    order.map(({ name }) => name),
    ['a'],
  );
});

test('a wanted module that the kernel does not have is refused by name', () => {
  assert.throws(() => loadOrder(['no_such'], find), /The kernel package has no module 'no_such'/);
});

test('modules that depend on each other are refused and do not hang the build', () => {
  const circle = new Map([
    ['a', module('a', ['b'])],
    ['b', module('b', ['a'])],
  ]);
  assert.throws(() => loadOrder(['a'], (name) => circle.get(name)), /depends on itself/);
});

test('modprobe is told all dependencies of a module, the first to load last', () => {
  const text = writeModulesDep(loadOrder(['virtio_net'], find));
  assert.match(text, /^virtio_net\.ko: virtio_ring\.ko net_failover\.ko failover\.ko virtio\.ko$/m);
  assert.match(text, /^virtio\.ko:$/m);
});

test('modprobe is told the names by which the kernel asks for a module', () => {
  assert.equal(
    writeModulesAlias([module('nft_masq', [], ['nft-expr-4-masq', 'nft-expr-masq'])]),
    'alias nft-expr-4-masq nft_masq\nalias nft-expr-masq nft_masq\n',
  );
});

test('names with dashes and underscores are one name, as the kernel has it', () => {
  assert.equal(moduleName('virtio-rng.ko'), 'virtio_rng');
  assert.equal(moduleName('nf_nat.ko'), 'nf_nat');
});

test('a module file tells its dependencies, hard and soft, and its aliases', () => {
  const info = [
    'license=GPL',
    'alias=fs-vfat',
    'depends=fat,nls-ascii',
    'softdep=pre: crc32c post: later',
    'alias=x',
  ];
  assert.deepEqual(readModule('vfat', elfWithSection('.modinfo', Buffer.from(info.join('\0')))), {
    name: 'vfat',
    depends: ['fat', 'nls_ascii', 'crc32c'],
    aliases: ['fs-vfat', 'x'],
  });
});
