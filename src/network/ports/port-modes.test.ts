/** Which mode a port has, and which EtherTypes it may be given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ethertypesOf, portModeOf, readEthertypes } from './port-modes.ts';

test('a port has the mode that was chosen; otherwise l2 when it is never to have an address', () => {
  assert.equal(portModeOf({ port_mode: null, ip_allocation: 'immediate' }), 'strict');
  assert.equal(portModeOf({ port_mode: null, ip_allocation: 'none' }), 'l2');
  assert.equal(portModeOf({ port_mode: 'strict', ip_allocation: 'none' }), 'strict');
  assert.equal(portModeOf({ port_mode: 'transparent', ip_allocation: 'immediate' }), 'transparent');
});

test('EtherTypes are kept in lower case, with four digits, each once and in order', () => {
  const read = readEthertypes(['0x88CC', '0x8863', '0x88cc', '0x600'], 'permitted_ethertypes');
  assert.deepEqual(read, ['0x0600', '0x8863', '0x88cc']);
  const permitted_ethertypes = JSON.stringify(read);
  assert.deepEqual(ethertypesOf({ permitted_ethertypes }), [0x0600, 0x8863, 0x88cc]);
});

const REFUSED: readonly (readonly [unknown, RegExp])[] = [
  [null, /'None' is not a list/],
  ['0x88cc', /'0x88cc' is not a list/],
  [[0x88cc], /'35020' is not an EtherType/],
  [['88cc'], /'88cc' is not an EtherType/],
  [['0x05ff'], /'0x05ff' is not an EtherType from '0x0600' to '0xffff'/],
  [['0x10000'], /'0x10000' is not an EtherType/],
  [['0x0800'], /'0x0800' is ARP, IPv4 or IPv6/],
  [['0x806'], /'0x806' is ARP/],
  [['0x86DD'], /'0x86DD' is ARP/],
  [[{}], /'\{\}' is not an EtherType/],
  [
    Array.from({ length: 17 }, (_, index) => `0x${(0x9000 + index).toString(16)}`),
    /17 EtherTypes are more than the 16/,
  ],
];

for (const [sent, message] of REFUSED) {
  test(`permitted_ethertypes ${JSON.stringify(sent).slice(0, 40)} is refused`, () => {
    assert.throws(() => readEthertypes(sent, 'permitted_ethertypes'), {
      code: 'HTTPBadRequest',
      message,
    });
  });
}
