/** Addresses, networks and MACs, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cidrContains,
  cidrSize,
  cidrsOverlap,
  formatCidr,
  isHostAddress,
  lastAddress,
  parseCidr,
  type Cidr,
} from './cidr.ts';
import {
  canonicalIp,
  formatIp,
  isLinkLocal,
  isLoopback,
  isMulticast,
  parseIp,
  sortableIp,
  type Ip,
} from './ip.ts';
import { canonicalMac, eui64Address, isMulticastMac } from './mac.ts';

const ip = (text: string): Ip => parseIp(text) ?? assert.fail(`'${text}' is not an address`);
const cidr = (text: string): Cidr => parseCidr(text) ?? assert.fail(`'${text}' is not a network`);

const written: readonly [string, string | undefined][] = [
  ['10.0.0.1', '10.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['10.0.0', undefined],
  ['10.0.0.256', undefined],
  ['10.0.0.01', undefined],
  ['10.0.0.1 ', undefined],
  ['', undefined],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['fe80:0:0:1:0:0:0:0', 'fe80:0:0:1::'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ['1::2::3', undefined],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1:2:3:4:5:6:7:8::', undefined],
  ['12345::', undefined],
  ['::g', undefined],
  [':1', undefined],
  ['10.0.0.1::', undefined],
];

for (const [text, expected] of written) {
  test(`the address '${text}' is ${expected ?? 'refused'}`, () => {
    assert.equal(canonicalIp(text), expected);
  });
}

test('sortable addresses sort as numbers do', () => {
  const texts = ['10.0.0.9', '10.0.0.10', '9.255.255.255'];
  const sorted = texts.toSorted((a, b) => (sortableIp(ip(a)) < sortableIp(ip(b)) ? -1 : 1));
  assert.deepEqual(sorted, ['9.255.255.255', '10.0.0.9', '10.0.0.10']);
});

test('addresses know what kind they are', () => {
  assert.deepEqual([isMulticast(ip('224.0.0.1')), isMulticast(ip('ff02::1'))], [true, true]);
  assert.deepEqual([isMulticast(ip('223.0.0.1')), isMulticast(ip('fe80::1'))], [false, false]);
  assert.deepEqual([isLoopback(ip('127.1.2.3')), isLoopback(ip('::1'))], [true, true]);
  assert.deepEqual([isLinkLocal(ip('169.254.1.1')), isLinkLocal(ip('fe80::1'))], [true, true]);
});

const networks: readonly [string, string | undefined][] = [
  ['10.0.0.0/24', '10.0.0.0/24'],
  ['10.0.0.77/24', '10.0.0.0/24'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['2001:db8::1/64', '2001:db8::/64'],
  ['10.0.0.0', undefined],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0/-1', undefined],
  ['10.0.0.0/', undefined],
  ['::/129', undefined],
];

for (const [text, expected] of networks) {
  test(`the network '${text}' is ${expected ?? 'refused'}`, () => {
    const parsed = parseCidr(text);
    assert.equal(parsed && formatCidr(parsed), expected);
  });
}

test('a network knows its size, its end and what is in it', () => {
  assert.equal(cidrSize(cidr('10.0.0.0/28')), 16n);
  assert.equal(formatIp({ version: 4, value: lastAddress(cidr('10.0.0.0/28')) }), '10.0.0.15');
  assert.equal(cidrContains(cidr('10.0.0.0/28'), ip('10.0.0.16')), false);
  assert.equal(cidrContains(cidr('10.0.0.0/28'), ip('::a00:1')), false);
  assert.equal(cidrsOverlap(cidr('10.0.0.0/8'), cidr('10.9.0.0/16')), true);
  assert.equal(cidrsOverlap(cidr('10.0.0.0/25'), cidr('10.0.0.128/25')), false);
});

const hosts: readonly [string, string, boolean][] = [
  ['10.0.0.0/24', '10.0.0.0', false],
  ['10.0.0.0/24', '10.0.0.1', true],
  ['10.0.0.0/24', '10.0.0.255', false],
  ['10.0.0.0/31', '10.0.0.0', true],
  ['10.0.0.0/31', '10.0.0.1', true],
  ['10.0.0.7/32', '10.0.0.7', true],
  ['2001:db8::/64', '2001:db8::', false],
  ['2001:db8::/64', '2001:db8::ffff:ffff:ffff:ffff', true],
  ['2001:db8::/127', '2001:db8::', true],
];

for (const [network, address, expected] of hosts) {
  test(`a host of ${network} ${expected ? 'may' : 'may not'} have ${address}`, () => {
    assert.equal(isHostAddress(cidr(network), ip(address)), expected);
  });
}

test('a MAC is read in every usual form', () => {
  for (const text of ['FA:16:3E:00:00:01', 'fa-16-3e-00-00-01', 'fa16.3e00.0001', 'fa163e000001']) {
    assert.equal(canonicalMac(text), 'fa:16:3e:00:00:01');
  }
  for (const text of ['', 'fa:16:3e:00:00', 'fa:16:3e:00:00:0g', 'fa:16-3e:00:00:01']) {
    assert.equal(canonicalMac(text), undefined);
  }
  assert.equal(isMulticastMac('01:00:5e:00:00:01'), true);
  assert.equal(isMulticastMac('fa:16:3e:00:00:01'), false);
});

test('a card gives itself an address from its MAC', () => {
  const address = eui64Address(cidr('2001:db8::/64'), 'fa:16:3e:00:00:01');
  assert.equal(formatIp(address), '2001:db8::f816:3eff:fe00:1');
});
