/** How pasta and slirp4netns are started, and known again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOutbound, outboundCommand } from './outbound-plan.ts';

const PLACE = {
  network: '/proc/7/root/run/netns/uplink',
  user: '/proc/7/ns/user',
  token: '/s/run/outbound.pid',
};

test('pasta leads no port in, and none to the loopback of the host', () => {
  const { args } = outboundCommand('pasta', PLACE);
  for (const ports of ['--tcp-ports', '--udp-ports', '--tcp-ns', '--udp-ns']) {
    assert.equal(args[args.indexOf(ports) + 1], 'none', ports);
  }
  assert.ok(args.includes('--no-map-gw'));
});

test('slirp4netns leads nobody to the loopback of the host', () => {
  assert.ok(outboundCommand('slirp4netns', PLACE).args.includes('--disable-host-loopback'));
});

for (const program of ['pasta', 'slirp4netns'] as const) {
  test(`${program} is known by its words as this cloud's and no other's`, () => {
    const { argv0, args } = outboundCommand(program, PLACE);
    assert.equal(isOutbound([argv0, ...args], PLACE.token), program);
    assert.equal(isOutbound([argv0, ...args], '/other/run/outbound.pid'), undefined);
    assert.equal(isOutbound(['cat', PLACE.token], PLACE.token), undefined);
    assert.ok(args.includes(PLACE.network), 'and by its namespace as of this yard');
  });
}
