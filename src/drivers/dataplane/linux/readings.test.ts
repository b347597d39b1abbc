/** What the kernel prints, as it is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLinks } from './facts.ts';
import { readBatchFailures } from './kernel.ts';
import { readLinkEvent } from './link-monitor.ts';
import { trialFindings } from './probe.ts';

const NET = '11111111-1111-4111-8111-111111111111';
const PORT = '22222222-2222-4222-8222-222222222222';

test('links: ours are known by kind, name and alias; all others are left alone', () => {
  const flags = ['UP', 'LOWER_UP'];
  const tun = { info_kind: 'tun' };
  const slave = { flood: false, group_fwd_mask: '0xfffd' };
  const links = [
    { ifname: 'lo', flags, mtu: 65_536 },
    {
      ifname: 'br11111111-1111',
      ifalias: NET,
      flags: ['UP'],
      mtu: 1450,
      linkinfo: { info_kind: 'bridge' },
    },
    {
      ifname: 'tap22222222-22',
      ifalias: PORT,
      flags,
      mtu: 1450,
      master: 'br11111111-1111',
      linkinfo: { ...tun, info_slave_data: slave },
    },
    { ifname: 'tap33333333-33', flags: [], mtu: 1500, linkinfo: tun },
    { ifname: 'taps', ifalias: PORT, flags, mtu: 1500, linkinfo: { info_kind: 'veth' } },
    { ifname: 'eth0', ifalias: NET, flags, mtu: 1500 },
  ];
  const fdb = [
    {
      mac: 'fa:16:3e:00:00:01',
      ifname: 'tap22222222-22',
      master: 'br11111111-1111',
      state: 'static',
      flags: ['sticky'],
    },
    {
      mac: 'fa:16:3e:00:00:03',
      ifname: 'tap22222222-22',
      master: 'br11111111-1111',
      state: 'static',
    },
    { mac: 'fa:16:3e:00:00:02', ifname: 'tap22222222-22', master: 'br11111111-1111', state: '' },
    { mac: '33:33:00:00:00:01', ifname: 'tap22222222-22', state: 'permanent' },
  ];
  const facts = readLinks(links, fdb);
  assert.deepEqual([...facts.bridges], [[NET, { name: 'br11111111-1111', mtu: 1450, up: true }]]);
  const tap = {
    name: 'tap22222222-22',
    mtu: 1450,
    up: true,
    master: 'br11111111-1111',
    flood: false,
    groupForward: 0xfffd,
    pinnedMac: 'fa:16:3e:00:00:01',
  };
  assert.deepEqual([...facts.taps], [[PORT, tap]]);
  assert.deepEqual([...facts.strays], ['tap33333333-33']);
  assert.deepEqual([...facts.carriers], [PORT]);
});

test('links: a tap that is down has no carrier, whoever holds it', () => {
  const link = { ifname: 'tapx', ifalias: PORT, mtu: 1450, linkinfo: { info_kind: 'tun' } };
  for (const flags of [['LOWER_UP'], ['UP'], ['NO-CARRIER', 'UP']]) {
    assert.deepEqual([...readLinks([{ ...link, flags }], []).carriers], []);
  }
});

test('batch: failures are read with their line and what was said before it', () => {
  const stderr = [
    'Cannot find device "nope"',
    'Command failed -:2',
    'RTNETLINK answers: File exists',
    'Command failed -:31',
    'Error: argument "br" is wrong: Device does not exist',
    '',
  ].join('\n');
  assert.deepEqual(readBatchFailures(stderr), [
    { line: 2, said: 'Cannot find device "nope"' },
    { line: 31, said: 'RTNETLINK answers: File exists' },
  ]);
});

const events = [
  ['4: tap1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc', 'tap1', false, true],
  ['4: tap1: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1450 qdisc', 'tap1', false, false],
  ['Deleted 4: tap1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450', 'tap1', true, false],
  ['5: tap2@if7: <UP,LOWER_UP> mtu 1450', 'tap2', false, true],
] as const;

for (const [line, name, deleted, carrier] of events) {
  test(`monitor: '${line}' is an event of ${name}`, () => {
    assert.deepEqual(readLinkEvent(line), { name, deleted, carrier });
  });
}

for (const line of ['', '3: br1: <UP> mtu 1450', '[LINK]4: x', 'nsid 1 (iproute2 netns name: x)']) {
  test(`monitor: '${line}' says nothing of a tap`, () => {
    assert.equal(readLinkEvent(line), null);
  });
}

test('probe: each trial becomes a finding, and one that was never come to has failed', () => {
  const trials = ['bridges', 'taps', 'dnsmasq'].map((subject) => ({ subject, remedy: subject }));
  const stdout = '0 0 \n1 1 ioctl(TUNSETIFF): Operation not permitted\n';
  assert.deepEqual(
    trialFindings(trials, stdout, 'killed').map(({ ok, said }) => [ok, said]),
    [
      [true, 'tried, works'],
      [false, 'ioctl(TUNSETIFF): Operation not permitted'],
      [false, 'killed'],
    ],
  );
});
