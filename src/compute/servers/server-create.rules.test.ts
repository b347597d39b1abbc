/** Names, texts and quotas of new servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFault, hostnameOf, namesOf } from './server-create.rules.ts';
import { checkServerQuota } from './server-quota.rules.ts';
import { addressesOf } from '../addresses/addresses.ts';
import type { PortFacts } from '#network/network-api.ts';

for (const [name, hostname] of [
  ['web', 'web'],
  ['My Web_Server.1', 'my-web-server-1'],
  ['Ínstáñcé', 'instance'],
  ['--x--', 'x'],
  ['日本', 'server-id'],
  ['a'.repeat(80), 'a'.repeat(63)],
] as const) {
  test(`a server named '${name.slice(0, 20)}' has the hostname '${hostname.slice(0, 20)}'`, () => {
    assert.equal(hostnameOf(name, 'id'), hostname);
  });
}

test('several servers have numbered names, one has its own', () => {
  assert.deepEqual(namesOf('vm', 1), ['vm']);
  assert.deepEqual(namesOf('vm', 3), ['vm-1', 'vm-2', 'vm-3']);
});

const limits = { instances: 10, cores: 20, ram: 1000 };
const usage = { instances: 8, cores: 4, ram: 800 };

for (const [why, size, counts, fits] of [
  ['all fit', { vcpus: 1, ram: 100 }, { min: 1, max: 2 }, 2],
  ['as many as fit', { vcpus: 1, ram: 10 }, { min: 1, max: 5 }, 2],
  ['the scarcest decides', { vcpus: 1, ram: 150 }, { min: 1, max: 5 }, 1],
] as const) {
  test(`a request for up to ${counts.max}: ${why}`, () => {
    assert.equal(checkServerQuota(limits, usage, size, counts), fits);
  });
}

test('a negative limit is none', () => {
  const none = { instances: -1, cores: -1, ram: -1 };
  assert.equal(checkServerQuota(none, usage, { vcpus: 9, ram: 9 }, { min: 500, max: 500 }), 500);
});

test('the refusal names every quota that is too small, with the numbers of the first', () => {
  assert.throws(() => checkServerQuota(limits, usage, { vcpus: 1, ram: 150 }, { min: 3, max: 3 }), {
    message:
      'Quota exceeded for instances, ram: Requested 3, but already used 8 of 10 instances, ram',
  });
});

test('a build that a bug has ended tells the tenant only that', () => {
  const error = {
    step: 'guest',
    kind: 'internal' as const,
    code: 'InternalError',
    message: 'An unexpected error occurred.',
  };
  assert.deepEqual(buildFault('id', error), {
    message:
      'Exceeded maximum number of retries. Exceeded max scheduling attempts 3 for instance id. ' +
      'Last exception: An unexpected error occurred.',
    details: 'guest: InternalError: An unexpected error occurred.',
  });
});

test('addresses are keyed by network name; a card without an address leaves the name alone', () => {
  const networks = new Map([
    ['n1', { name: 'mgmt' }],
    ['n2', { name: 'traffic' }],
    ['n3', { name: 'mgmt' }],
  ]);
  const { plain, extended } = addressesOf(
    [
      { port_id: 'a', network_id: 'n1' },
      { port_id: 'b', network_id: 'n2' },
      { port_id: 'c', network_id: 'n2' },
      { port_id: 'd', network_id: 'n3' },
    ],
    [port('d', ['10.0.0.6', 'fd00::6']), port('a', ['10.0.0.5']), port('b', []), port('c', [])],
    networks,
  );
  assert.deepEqual(plain, {
    mgmt: [
      { version: 4, addr: '10.0.0.5' },
      { version: 4, addr: '10.0.0.6' },
      { version: 6, addr: 'fd00::6' },
    ],
    traffic: [],
  });
  assert.equal(extended['mgmt']?.[0]?.['OS-EXT-IPS-MAC:mac_addr'], 'mac-a');
});

function port(id: string, ips: readonly string[]): PortFacts {
  const fixedIps = ips.map((ip) => ({ subnetId: 's', ip }));
  return { id, mac: `mac-${id}`, fixedIps, floatingIps: [] } as unknown as PortFacts;
}
