/** Which changes of aggregates would move hosts or servers between zones, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkAddHost,
  checkMetadata,
  checkRemoveHost,
  mergeMetadata,
  type AggregateFacts,
} from './aggregate.rules.ts';

function aggregate(number: number, zone: string | null, hosts: string[] = []): AggregateFacts {
  return {
    number,
    name: `agg-${number}`,
    metadata: zone === null ? {} : { availability_zone: zone },
    hosts,
  };
}

type Row = {
  readonly what: string;
  readonly subject: AggregateFacts;
  readonly others?: readonly AggregateFacts[];
  /** On host `h`. */
  readonly servers?: number;
  readonly refused?: RegExp;
};

const judge = (
  rows: readonly Row[],
  verb: string,
  check: (row: Row, facts: Parameters<typeof checkAddHost>[2]) => void,
) => {
  for (const row of rows) {
    test(`${verb} ${row.what} is ${row.refused ? 'refused' : 'allowed'}`, () => {
      const facts = {
        all: [row.subject, ...(row.others ?? [])],
        serversByHost: new Map([['h', row.servers ?? 0]]),
      };
      if (row.refused) assert.throws(() => check(row, facts), { message: row.refused });
      else check(row, facts);
    });
  }
};

judge(
  [
    { what: 'to an aggregate without a zone', subject: aggregate(1, null), servers: 2 },
    { what: 'to a first zone', subject: aggregate(1, 'a') },
    {
      what: 'to the same zone again',
      subject: aggregate(1, 'a'),
      others: [aggregate(2, 'a', ['h'])],
      servers: 2,
    },
    {
      what: 'to a second zone',
      subject: aggregate(1, 'a'),
      others: [aggregate(2, 'b', ['h'])],
      refused:
        /^Cannot add host to aggregate 1\. Reason: One or more hosts already in availability zone\(s\) \['b'\]\.$/,
    },
    {
      what: 'with servers to a new zone',
      subject: aggregate(1, 'a'),
      servers: 2,
      refused: /would change from 'None' to 'a' but the host already has 2 instance\(s\)/,
    },
    {
      what: 'twice',
      subject: aggregate(1, null, ['h']),
      refused: /^Aggregate 1 already has host h\.$/,
    },
  ],
  'a host added',
  (row, facts) => checkAddHost(row.subject, 'h', facts),
);

judge(
  [
    { what: 'from a zone without servers', subject: aggregate(1, 'a', ['h']) },
    { what: 'with servers from no zone', subject: aggregate(1, null, ['h']), servers: 1 },
    {
      what: 'with servers from one of two aggregates of a zone',
      subject: aggregate(1, 'a', ['h']),
      others: [aggregate(2, 'a', ['h'])],
      servers: 1,
    },
    {
      what: 'with servers from its zone',
      subject: aggregate(1, 'a', ['h']),
      servers: 1,
      refused: /cannot be removed from the aggregate .* from 'a' to 'None'/,
    },
  ],
  'a host removed',
  (row, facts) => checkRemoveHost(row.subject, 'h', facts),
);

judge(
  [
    { what: 'while the host is empty', subject: aggregate(1, null, ['h']) },
    { what: 'to what it is', subject: aggregate(1, 'new', ['h']), servers: 1 },
    {
      what: 'while the host has servers',
      subject: aggregate(1, 'a', ['h']),
      servers: 1,
      refused:
        /^Cannot update aggregate 1\. Reason: One or more hosts contain instances in this zone\.$/,
    },
    {
      what: 'while the host is in another',
      subject: aggregate(1, null, ['h']),
      others: [aggregate(2, 'b', ['h'])],
      refused: /already in availability zone/,
    },
  ],
  'a zone set',
  (row, facts) => checkMetadata('update', row.subject, { availability_zone: 'new' }, facts),
);

test('an aggregate cannot be taken out of its zone by an empty name', () => {
  const facts = { all: [], serversByHost: new Map() };
  assert.throws(
    () => checkMetadata('update-metadata', aggregate(1, 'a'), { availability_zone: null }, facts),
    {
      message:
        'Cannot update metadata of aggregate 1. Reason: ' +
        'Aggregate agg-1 does not support empty named availability zone.',
    },
  );
});

test('metadata is merged: null takes a key away and what is not named stays', () => {
  assert.deepEqual(mergeMetadata({ a: '1', b: '2' }, { b: null, c: '3' }), { a: '1', c: '3' });
});
