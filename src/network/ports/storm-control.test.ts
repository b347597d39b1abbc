/** Storm control: what may be set, and what follows from the defaults, the network and the port. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import {
  mergeStormSettings,
  readStormControl,
  stormControlOf,
  type StormSettings,
} from './storm-control.ts';

function merged(network: Partial<StormSettings>, port: Partial<StormSettings>, clears = 0) {
  return stormControlOf(
    { storm_control: JSON.stringify(network) },
    { storm_control: JSON.stringify(port), storm_clears: clears },
  );
}

test('where nothing is set, the defaults hold', () => {
  assert.deepEqual(merged({}, {}), DEFAULT_STORM_CONTROL);
});

test('a port follows its network but for what is set on the port', () => {
  const network = { broadcast: 50, multicast: 0, loop_action: 'quarantine' } as const;
  assert.deepEqual(merged(network, { broadcast: 70, broadcast_burst: 71, hold_time: 0 }, 3), {
    ...DEFAULT_STORM_CONTROL,
    broadcast: { rate: 70, burst: 71 },
    multicast: null,
    loopAction: 'quarantine',
    holdSeconds: 0,
    clears: 3,
  });
});

test('a rate without a burst of its own lets twice its packets through at once', () => {
  assert.deepEqual(merged({ broadcast: 10, broadcast_burst: 99 }, {}).broadcast, {
    rate: 10,
    burst: 99,
  });
  const { broadcast } = merged({ broadcast: 10, broadcast_burst: 99 }, { broadcast: 7 });
  assert.deepEqual(broadcast, { rate: 7, burst: 14 });
});

test('a burst alone goes with the rate that holds without it', () => {
  assert.deepEqual(merged({ broadcast: 10 }, { broadcast_burst: 1 }).broadcast, {
    rate: 10,
    burst: 1,
  });
});

test('what is shown of a network can be set again, and means the same', () => {
  const shown = mergeStormSettings(JSON.stringify({ unknown_unicast: 3, hold_time: 9 }));
  assert.deepEqual(readStormControl(shown, 'storm_control'), shown);
  assert.deepEqual(mergeStormSettings(JSON.stringify(shown)), shown);
});

test('numbers may be texts', () => {
  const sent = { broadcast: '100', broadcast_burst: '7', hold_time: ' 0 ' };
  assert.deepEqual(readStormControl(sent, 'storm_control'), {
    broadcast: 100,
    broadcast_burst: 7,
    hold_time: 0,
  });
  assert.deepEqual(readStormControl(null, 'storm_control'), {});
});

const REFUSED: readonly (readonly [unknown, RegExp])[] = [
  [[], /^Invalid input for storm_control. Reason: '\[\]' is not a dictionary.$/],
  ['off', /'off' is not a dictionary/],
  [{ brodcast: 1 }, /\['brodcast'\] is none of \['broadcast', 'broadcast_burst', /],
  [JSON.parse('{"__proto__": 1}'), /\['__proto__'\] is none of/],
  [{ broadcast: -1 }, /^Invalid input for storm_control.broadcast. Reason: '-1' is too small/],
  [{ broadcast: 10_000_001 }, /'10000001' is too large - must be no larger than '10000000'/],
  [{ multicast: 1.5 }, /'1.5' is not an integer/],
  [{ multicast: true }, /'True' is not an integer/],
  [{ multicast: null }, /'None' is not an integer/],
  [{ unknown_unicast: 'many' }, /'many' is not an integer/],
  [{ unknown_unicast_burst: 20_000_001 }, /is too large/],
  [{ loop_action: 'shout' }, /shout is not in valid_values/],
  [{ hold_time: 604_801 }, /'604801' is too large/],
];

for (const [sent, message] of REFUSED) {
  test(`storm_control ${JSON.stringify(sent)} is refused`, () => {
    assert.throws(() => readStormControl(sent, 'storm_control'), {
      code: 'HTTPBadRequest',
      message,
    });
  });
}
