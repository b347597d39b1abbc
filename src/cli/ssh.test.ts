/** Which address `stackyard ssh` goes to, what it refuses, and whose leftovers it knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf } from './ssh-door.ts';
import { checkReachable, chooseAddress, type ShownServer } from './ssh-target.ts';

const address = (addr: string, mac: string, type = 'fixed') => ({
  addr,
  version: addr.includes(':') ? 6 : 4,
  'OS-EXT-IPS-MAC:mac_addr': mac,
  'OS-EXT-IPS:type': type,
});

const server = (addresses: ShownServer['addresses'], status = 'ACTIVE'): ShownServer => ({
  id: 'id-1',
  name: 'vm',
  status,
  addresses,
});

const chosen = [
  {
    why: "the first card's",
    addresses: { net: [address('10.0.0.5', 'a'), address('10.0.0.4', 'b')] },
    wanted: undefined,
    ip: '10.0.0.5',
  },
  {
    why: "the first card's IPv4 address before its IPv6 address",
    addresses: { net: [address('fd00::5', 'a'), address('10.0.0.5', 'a')] },
    wanted: undefined,
    ip: '10.0.0.5',
  },
  {
    why: "the first card's IPv6 address before another card's IPv4 address",
    addresses: { six: [address('fd00::5', 'a')], net: [address('10.0.0.5', 'b')] },
    wanted: undefined,
    ip: 'fd00::5',
  },
  {
    why: 'the one asked for',
    addresses: { net: [address('10.0.0.5', 'a')], other: [address('10.1.0.5', 'b')] },
    wanted: '10.1.0.5',
    ip: '10.1.0.5',
  },
  {
    why: 'the one asked for, however it is written',
    addresses: { net: [address('10.0.0.5', 'a'), address('fd00::5', 'a')] },
    wanted: 'FD00:0:0::0005',
    ip: 'fd00::5',
  },
  {
    why: 'no floating one',
    addresses: { net: [address('192.0.2.1', 'a', 'floating'), address('10.0.0.5', 'a')] },
    wanted: undefined,
    ip: '10.0.0.5',
  },
] as const;
for (const { why, addresses, wanted, ip } of chosen) {
  test(`of a server's addresses ssh takes ${why}`, () => {
    assert.equal(chooseAddress(server(addresses), wanted).addr, ip);
  });
}

test('a server without an address, and an address that it has not, are refused in words', () => {
  assert.throws(() => chooseAddress(server({}), undefined), /'vm' has no address/);
  const one = server({ net: [address('10.0.0.5', 'a')] });
  for (const wanted of ['10.0.0.6', 'rubbish', '']) {
    assert.throws(() => chooseAddress(one, wanted), /has no address '.*'\. It has 10\.0\.0\.5\./);
  }
});

for (const status of ['BUILD', 'SHUTOFF', 'PAUSED', 'SUSPENDED']) {
  test(`ssh says what to do about a server that is ${status}`, () => {
    assert.throws(() => checkReachable(server({}, status)), new RegExp(`'vm' is ${status}\\. .+`));
  });
}

for (const status of ['ACTIVE', 'REBOOT', 'ERROR', 'RESCUE']) {
  test(`ssh tries a server that is ${status}`, () => checkReachable(server({}, status)));
}

test('only ports of such commands are known as such', () => {
  const mark = { pid: 12, startTime: '345', bootId: '6-7' };
  assert.deepEqual(commandOf('stackyard-ssh:12:345:6-7'), mark);
  for (const other of ['', 'ovnmeta-1', 'stackyard-ssh', 'stackyard-ssh:x:1:2', 'a:12:345:6-7']) {
    assert.equal(commandOf(other), undefined, other);
  }
});
