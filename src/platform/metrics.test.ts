/** Prometheus's text format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMetrics } from './metrics.ts';

test('metrics come with their help and type, and a line for each sample', () => {
  const text = formatMetrics([
    {
      name: 'a_total',
      help: 'What\nis a \\ counter.',
      type: 'counter',
      samples: [
        { labels: {}, value: 1 },
        { labels: { host: 'h1', reason: 'storm' }, value: 9_007_199_254_740_991 },
      ],
    },
    { name: 'nothing', help: 'Left out.', type: 'gauge', samples: [] },
    { name: 'b', help: 'B.', type: 'gauge', samples: [{ labels: {}, value: 0.25 }] },
  ]);
  assert.equal(
    text,
    [
      String.raw`# HELP a_total What\nis a \\ counter.`,
      '# TYPE a_total counter',
      'a_total 1',
      'a_total{host="h1",reason="storm"} 9007199254740991',
      '# HELP b B.',
      '# TYPE b gauge',
      'b 0.25',
      '',
    ].join('\n'),
  );
});

test('no value of a label gets out of its quotes', () => {
  const labels = { host: 'a"} 1\nb{x="\\' };
  const text = formatMetrics([
    { name: 'a', help: 'A.', type: 'gauge', samples: [{ labels, value: 1 }] },
  ]);
  assert.equal(text.split('\n')[2], String.raw`a{host="a\"} 1\nb{x=\"\\"} 1`);
});
