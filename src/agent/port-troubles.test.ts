/** Which failures are whose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_STORM_CONTROL,
  pinnedTo,
  type MemberSpec,
  type PortMode,
  type SecurityGroupSpec,
  type SecurityRemote,
} from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';
import { groupTroubles, troubleOf } from './port-troubles.ts';

/** `web` lets in members of `db` and the address group `ours`; `db` lets in everybody; `own` its own members. */
const groups = byId<SecurityGroupSpec>([
  group('web', [
    { kind: 'group', id: 'db' },
    { kind: 'address-group', id: 'ours' },
  ]),
  group('db', [{ kind: 'any' }, { kind: 'cidr', cidr: '10.0.0.0/8' }]),
  group('own', [{ kind: 'group', id: 'own' }]),
]);
const members = byId<MemberSpec>([member('p-db', ['db']), member('p-own', ['own'])]);
const ports = byId<PortSpec>([
  port('p-web', ['web']),
  port('p-db', ['db']),
  port('p-own', ['own']),
  port('p-both', ['db', 'web']),
  port('p-transparent', ['web'], 'transparent'),
  { ...port('p-open', []), firewall: null },
]);

type Section = 'ports' | 'groups' | 'members' | 'addressGroups';

const CASES: readonly {
  readonly refused: Partial<Record<Section, readonly string[]>>;
  readonly inTrouble: readonly string[];
}[] = [
  { refused: {}, inTrouble: [] },
  { refused: { ports: ['p-open'] }, inTrouble: ['p-open'] },
  { refused: { groups: ['web'] }, inTrouble: ['p-web', 'p-both'] },
  { refused: { groups: ['db'] }, inTrouble: ['p-db', 'p-both'] },
  { refused: { addressGroups: ['ours'] }, inTrouble: ['p-web', 'p-both'] },
  { refused: { addressGroups: ['of nobody'] }, inTrouble: [] },
  { refused: { members: ['p-db'] }, inTrouble: ['p-web', 'p-both'] },
  { refused: { members: ['p-own'] }, inTrouble: ['p-own'] },
  { refused: { members: ['not wanted any more'] }, inTrouble: [] },
  // The failure of one id is the port's own where there is a port that failed.
  { refused: { members: ['p-db'], ports: ['p-db'] }, inTrouble: ['p-db'] },
  { refused: { groups: ['web'], ports: ['p-web'] }, inTrouble: ['p-web', 'p-both'] },
];

for (const { refused, inTrouble } of CASES) {
  test(`when ${JSON.stringify(refused)} is refused, ports in trouble are: ${inTrouble.join(', ')}`, () => {
    const failures = {
      ports: failuresOf('port', refused.ports),
      groups: failuresOf('group', refused.groups),
      members: failuresOf('member', refused.members),
      addressGroups: failuresOf('address group', refused.addressGroups),
    };
    const troubles = groupTroubles({ groups, members, failures });
    const found = [...ports.values()].flatMap((one) => {
      const error = troubleOf(one, failures.ports, troubles);
      return error === undefined ? [] : [{ id: one.id, says: error.message }];
    });
    assert.deepEqual(
      found.map(({ id }) => id),
      inTrouble,
    );
    for (const { id, says } of found) {
      // What is wrong with the port itself comes first.
      if (failures.ports.has(id)) assert.equal(says, `port ${id}`);
    }
  });
}

function failuresOf(what: string, ids: readonly string[] = []): ReadonlyMap<string, Error> {
  return new Map(ids.map((id) => [id, new Error(`${what} ${id}`)]));
}

function byId<T extends { readonly id: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.id, one]));
}

function group(id: string, remotes: readonly SecurityRemote[]): SecurityGroupSpec {
  const rules = remotes.map((remote, index) => ({
    id: `${id}-${index}`,
    direction: 'ingress' as const,
    version: 4 as const,
    protocol: null,
    ports: null,
    remote,
  }));
  return { id, stateful: true, rules };
}

function member(id: string, groupIds: readonly string[]): MemberSpec {
  return { id, networkId: 'net', groups: groupIds, macs: [], cidrs: [] };
}

function port(id: string, groupIds: readonly string[], mode: PortMode = 'l2'): PortSpec {
  return {
    id,
    networkId: 'net',
    tap: id,
    mac: 'fa:16:3e:00:00:01',
    mtu: 1500,
    adminStateUp: true,
    firewall: pinnedTo(['fa:16:3e:00:00:01'], { mode, groups: groupIds }),
    storm: DEFAULT_STORM_CONTROL,
  };
}
