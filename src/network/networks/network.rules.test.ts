/** What a network's MTU and segment may be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMtuChange, mtuOf, planSegment } from './network.rules.ts';

const bounds = { defaultMtu: 1500, maxMtu: 9000 };

test('an MTU is the usual one, the one wanted, or too big', () => {
  assert.deepEqual(
    [mtuOf(undefined, bounds), mtuOf(0, bounds), mtuOf(68, bounds)],
    [1500, 1500, 68],
  );
  assert.throws(() => mtuOf(9001, bounds), {
    message: 'Invalid input for operation: Requested MTU is too big, maximum is 9000.',
  });
});

test('a network may not become too narrow for its subnets', () => {
  checkMtuChange('n', 60, []);
  checkMtuChange('n', 68, [4]);
  assert.throws(() => checkMtuChange('n', 67, [4]), { code: 'NetworkMTUSubnetConflict' });
  assert.throws(() => checkMtuChange('n', 1279, [4, 6]), {
    message: 'MTU of n is not valid, subnet requires a minimum of 1280',
  });
});

type Wanted = Parameters<typeof planSegment>[0];
const wanted = (type?: string, physical?: string, id?: number): Wanted => ({
  ...(type !== undefined && { 'provider:network_type': type }),
  ...(physical !== undefined && { 'provider:physical_network': physical }),
  ...(id !== undefined && { 'provider:segmentation_id': id }),
});

const planned: readonly [Wanted, string][] = [
  [wanted(), 'vxlan null any'],
  [wanted('vxlan', undefined, 7), 'vxlan null 7'],
  [wanted('local'), 'local null null'],
  [wanted('flat', 'public'), 'flat public null'],
  [wanted('vlan', 'public', 7), 'vlan public 7'],
  [wanted('vlan', 'public'), 'vlan public any'],
  [wanted('vlan'), 'vlan public any'],
];

for (const [values, expected] of planned) {
  test(`${JSON.stringify(values)} is planned as ${expected}`, () => {
    const { type, physicalNetwork, id } = planSegment(values, ['public']);
    assert.equal(`${type} ${physicalNetwork} ${id}`, expected);
  });
}

const refused: readonly [Wanted, string][] = [
  [wanted('token-ring'), "network_type value 'token-ring' not supported"],
  [wanted('flat'), 'physical_network required for flat provider network'],
  [wanted('flat', 'x'), "physical_network 'x' unknown for flat provider network"],
  [wanted('flat', 'public', 1), 'segmentation_id prohibited for flat provider network'],
  [wanted('vlan', 'x'), "physical_network 'x' unknown for VLAN provider network"],
  [wanted('vlan', 'public', 4095), 'segmentation_id out of range (1 through 4094)'],
  [wanted('vxlan', 'public'), 'provider:physical_network specified for vxlan network'],
  [wanted(undefined, 'public'), 'network_type required'],
];

for (const [values, message] of refused) {
  test(`${JSON.stringify(values)} is refused`, () => {
    assert.throws(() => planSegment(values, ['public']), {
      message: `Invalid input for operation: ${message}.`,
    });
  });
}
