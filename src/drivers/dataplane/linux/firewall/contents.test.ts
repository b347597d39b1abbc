/** Who needs what in the tables, and what a change comes to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger, narrows, type Part } from './contents.ts';
import { chainOf, elementOf, NO_PART } from './items.ts';

const shared = chainOf('ports', 'class', [{ text: 'accept', note: '' }]);
const other = chainOf('ports', 'class', [{ text: 'drop', note: '' }]);

function part(key: string, data = '', chain = shared): Part {
  return { ...NO_PART, chains: [chain], elements: [elementOf('ports', 'map', [key], data)] };
}

test('ledger: what two parts need comes with the first and goes with the last', () => {
  const ledger = new Ledger();
  const first = new Map([['a', part('x', '1')]]);
  assert.deepEqual(ledger.plan(first).addChains, [shared]);
  ledger.settle(first);
  const second = new Map([['b', part('y', '1')]]);
  assert.deepEqual(ledger.plan(second).addChains, []);
  assert.deepEqual(
    ledger.plan(second).addElements.map(({ key }) => key),
    ['y'],
  );
  ledger.settle(second);
  assert.deepEqual(ledger.plan(new Map([['a', null]])).removeChains, []);
  ledger.settle(new Map([['a', null]]));
  assert.deepEqual(ledger.plan(new Map([['b', null]])).removeChains, [shared]);
});

test('ledger: an element with other data goes and comes again, a chain with other rules is changed', () => {
  const ledger = new Ledger();
  ledger.settle(new Map([['a', part('x', '1')]]));
  const delta = ledger.plan(new Map([['a', part('x', '2', other)]]));
  assert.deepEqual(
    delta.removeElements.map(({ data }) => data),
    ['1'],
  );
  assert.deepEqual(
    delta.addElements.map(({ data }) => data),
    ['2'],
  );
  assert.deepEqual(delta.changeChains, [other]);
  assert.equal(narrows(delta), true);
});

test('ledger: what is the same needs nothing, whoever needs it now', () => {
  const ledger = new Ledger();
  ledger.settle(new Map([['found', part('x', '1')]]));
  const delta = ledger.plan(
    new Map<string, Part | null>([
      ['found', null],
      ['a', part('x', '1')],
    ]),
  );
  assert.ok(Object.values(delta).every((items) => items.length === 0));
});

test('ledger: additions alone are not narrower', () => {
  assert.equal(narrows(new Ledger().plan(new Map([['a', part('x')]]))), false);
});

test('ledger: it knows whether the tables are as it says', () => {
  const ledger = new Ledger();
  ledger.settle(
    new Map([
      ['a', part('x', '1')],
      ['b', part('y', '1')],
    ]),
  );
  const there = {
    ...NO_PART,
    chains: [shared],
    elements: [...part('x', '1').elements, ...part('y', '1').elements],
  };
  assert.equal(ledger.matches(there), true);
  assert.equal(ledger.matches({ ...there, chains: [other] }), false);
  assert.equal(ledger.matches({ ...there, elements: there.elements.slice(1) }), false);
});
