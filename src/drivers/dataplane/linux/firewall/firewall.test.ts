/** What a change of the firewall comes to as a transaction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_STORM_CONTROL,
  pinnedTo,
  type MemberSpec,
  type SecurityGroupSpec,
} from '#base/host/firewall.ts';
import { tapName, type NetworkSpec, type PortSpec } from '#base/host/links.ts';
import { NO_CHANGE } from '../../dataplane.ts';
import { Firewall, type FirewallChange } from './firewall.ts';

const NET: NetworkSpec = {
  id: '11111111-1111-4111-8111-111111111111',
  mtu: 1500,
  adminStateUp: true,
  dhcp: null,
  uplink: null,
};
const GROUP = '22222222-2222-4222-8222-222222222222';

const nothing: FirewallChange = { ...NO_CHANGE, absentPorts: [] };

const group: SecurityGroupSpec = {
  id: GROUP,
  stateful: true,
  rules: [
    {
      id: '33333333-3333-4333-8333-333333333333',
      direction: 'ingress',
      version: 4,
      protocol: null,
      ports: null,
      remote: { kind: 'group', id: GROUP },
    },
  ],
};

function idOf(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;
}

function macOf(number: number): string {
  const digits = number.toString(16).padStart(6, '0');
  return `fa:16:3e:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`;
}

function portOf(number: number, fields: Partial<PortSpec> = {}): PortSpec {
  const id = idOf(number);
  const mac = macOf(number);
  const cidr = `10.0.${number >> 8}.${number & 255}/32`;
  return {
    id,
    networkId: NET.id,
    tap: tapName(id),
    mac,
    mtu: 1500,
    adminStateUp: true,
    firewall: pinnedTo([mac], { mode: 'strict', pairs: [{ mac, cidr }], groups: [GROUP] }),
    storm: DEFAULT_STORM_CONTROL,
    ...fields,
  };
}

function memberOf(number: number, cidrs = [`10.0.${number >> 8}.${number & 255}/32`]): MemberSpec {
  return { id: idOf(number), networkId: NET.id, groups: [GROUP], macs: [macOf(number)], cidrs };
}

/** A firewall with so many ports of one group in it. */
function filled(count: number): Firewall {
  const firewall = new Firewall('inet');
  const numbers = Array.from({ length: count }, (_, number) => number);
  apply(firewall, {
    networks: [NET],
    groups: [group],
    ports: numbers.map((number) => portOf(number)),
    members: numbers.map((number) => memberOf(number)),
  });
  return firewall;
}

function apply(firewall: Firewall, change: Partial<FirewallChange>): string {
  const { text, settle } = firewall.plan({ ...nothing, ...change }, { whole: true });
  settle();
  return text;
}

test('firewall: what is so already needs no transaction', () => {
  const firewall = filled(3);
  assert.equal(
    apply(firewall, { ports: [portOf(1)], members: [memberOf(1)], groups: [group] }),
    '',
  );
});

test('firewall: one port more in a group of 1,000 is as much as in a group of one', () => {
  const texts = [1, 1_000].map((count) =>
    apply(filled(count), { ports: [portOf(5_000)], members: [memberOf(5_000)] }),
  );
  const [few = '', many = ''] = texts.map((text) => text.replaceAll(/0x8[0-9a-f]{7}/g, 'MARK'));
  assert.equal(many, few);
  assert.ok(few.split('\n').length < 20, few);
  assert.doesNotMatch(few, /delete|flush|flows/, 'nothing that was passed is judged again');
});

test('firewall: an allowed flow is only judged again when something goes', () => {
  const firewall = filled(2);
  assert.match(
    apply(firewall, { absentMembers: [idOf(1)] }),
    /flush chain inet stackyard-groups from-guests/,
  );
  assert.match(
    apply(firewall, { groups: [{ ...group, rules: [] }] }),
    /add set inet stackyard-groups flows-3 /,
  );
});

test('firewall: a group that goes takes its rules from its ports, and comes back to them', () => {
  const firewall = filled(1);
  const without = apply(firewall, { absentGroups: [GROUP] });
  assert.match(without, new RegExp(`delete chain inet stackyard-groups group-${GROUP}-in`));
  assert.match(apply(firewall, { groups: [group] }), new RegExp(`jump group-${GROUP}-in`));
});

test('firewall: a member that speaks for a network takes no address from another within it', () => {
  const firewall = filled(1);
  const wide = apply(firewall, { members: [memberOf(7, ['10.0.0.0/8'])] });
  assert.match(wide, /members-[-0-9a-f]+-4-nets \{ 10\.0\.0\.0\/8 \. 0-255 \}/);
  const within = apply(firewall, { members: [memberOf(8, ['10.1.0.0/16'])] });
  assert.doesNotMatch(within, /10\.1\.0\.0/, 'it is there with the wider one');
  const left = apply(firewall, { absentMembers: [idOf(7)] });
  assert.match(left, /add element [^\n]*10\.1\.0\.0\/16/);
  assert.match(left, /delete element [^\n]*10\.0\.0\.0\/8/);
});

test('firewall: a member without addresses is known by its MAC on its network', () => {
  const text = apply(filled(1), { members: [memberOf(9, [])] });
  assert.match(text, /members-[-0-9a-f]+-macs \{ "br11111111-1111" \. fa:16:3e:00:00:09 \}/);
});

test('firewall: a cleared quarantine ends, and so does one that is not wanted any more', () => {
  const firewall = filled(1);
  const acting = { ...DEFAULT_STORM_CONTROL, loopAction: 'quarantine' as const };
  assert.doesNotMatch(
    apply(firewall, { ports: [portOf(0, { storm: acting })] }),
    /quarantined \{ "tap/,
  );
  const ends = /delete element bridge stackyard quarantined \{ "tap00000000-00" \}/;
  assert.match(apply(firewall, { ports: [portOf(0, { storm: { ...acting, clears: 1 } })] }), ends);
  const report = { ...DEFAULT_STORM_CONTROL, clears: 1 };
  assert.match(apply(firewall, { ports: [portOf(0, { storm: report })] }), ends);
});

test('firewall: rules that somebody flushed are put in force again, all of them', () => {
  const firewall = filled(2);
  const gone = { sets: [], chains: [], elements: [] };
  firewall.find({
    ready: false,
    contents: gone,
    taps: new Set(),
    ports: new Map(),
    networks: new Map(),
    generations: [],
  });
  const text = apply(firewall, {});
  assert.match(text, /^table bridge stackyard\ndelete table bridge stackyard\n/);
  for (const number of [0, 1])
    assert.match(text, new RegExp(`"${tapName(idOf(number))}" : goto from-strict`));
  assert.equal(apply(firewall, {}), '');
});

test('firewall: nothing of a plan that was not settled is remembered', () => {
  const firewall = filled(1);
  const change = { ...nothing, ports: [portOf(1)] };
  const first = firewall.plan(change, { whole: true }).text;
  assert.equal(firewall.plan(change, { whole: true }).text, first);
});
