/** What ports that are limited alike share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import { quarantineChain, senderClass } from './classes.ts';

function rulesOf(chain: ReturnType<typeof quarantineChain>): readonly string[] {
  return (chain.rules ?? []).map(({ text }) => text);
}

function name(mode: 'strict' | 'l2', rate: number): string {
  const storm = { ...DEFAULT_STORM_CONTROL, broadcast: { rate, burst: 10 } };
  return senderClass(mode, storm).chain.name;
}

test('classes: the same limits are one chain, others are another, and each mode has its own', () => {
  assert.equal(name('strict', 50), name('strict', 50));
  assert.notEqual(name('strict', 50), name('strict', 51));
  assert.notEqual(name('strict', 50), name('l2', 50));
});

test('classes: what is not limited is not counted', () => {
  const off = { ...DEFAULT_STORM_CONTROL, broadcast: null, multicast: null, unknownUnicast: null };
  const { chain, sets } = senderClass('open', off);
  assert.deepEqual(sets, []);
  assert.doesNotMatch(rulesOf(chain).join('\n'), /limit/);
  assert.equal(rulesOf(chain).at(-1), 'goto from-open');
});

test('classes: a burst of nothing is one packet, since the kernel knows no less', () => {
  const storm = { ...DEFAULT_STORM_CONTROL, broadcast: { rate: 5, burst: 0 } };
  assert.match(
    rulesOf(senderClass('strict', storm).chain).join('\n'),
    /rate over 5\/second burst 1 packets/,
  );
});

test('classes: a quarantine ends after the hold time, or lasts until it is cleared', () => {
  assert.match(rulesOf(quarantineChain(60))[0] ?? '', /timeout 60s/);
  assert.doesNotMatch(rulesOf(quarantineChain(0))[0] ?? '', /timeout/);
});
