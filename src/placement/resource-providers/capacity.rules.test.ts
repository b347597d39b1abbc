/** What fits, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inventory } from '../placement-api.ts';
import { firstShortage } from './capacity.rules.ts';

const VCPU: Inventory = {
  total: 2,
  reserved: 0,
  minUnit: 1,
  maxUnit: 2,
  stepSize: 1,
  allocationRatio: 16,
};
const MEMORY_MB: Inventory = {
  ...VCPU,
  total: 4096,
  reserved: 512,
  maxUnit: 4096,
  allocationRatio: 1.5,
};
const inventories = { VCPU, MEMORY_MB };

const rows = [
  { why: 'nothing is asked for', used: {}, asked: {}, short: undefined },
  { why: 'there is room', used: {}, asked: { VCPU: 1, MEMORY_MB: 512 }, short: undefined },
  {
    why: 'zero of an unknown class is asked for',
    used: {},
    asked: { DISK_GB: 0 },
    short: undefined,
  },
  { why: 'the class is unknown', used: {}, asked: { DISK_GB: 1 }, short: 'DISK_GB' },
  { why: 'the ratio allows just this', used: { VCPU: 31 }, asked: { VCPU: 1 }, short: undefined },
  { why: 'the ratio is used up', used: { VCPU: 32 }, asked: { VCPU: 1 }, short: 'VCPU' },
  { why: 'one asks for more than there is at all', used: {}, asked: { VCPU: 3 }, short: 'VCPU' },
  {
    why: 'what is reserved is not given away',
    used: { MEMORY_MB: 3328 },
    asked: { MEMORY_MB: 2049 },
    short: 'MEMORY_MB',
  },
];

for (const { why, used, asked, short } of rows) {
  test(`${short ?? 'nothing'} is short when ${why}`, () => {
    assert.equal(firstShortage({ inventories, used }, asked), short);
  });
}
