/** The keeper of the data plane, between a document and a plane on paper. */
import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { EMPTY_DOCUMENT, type HostDocument } from '#base/host/document.ts';
import {
  DEFAULT_STORM_CONTROL,
  pinnedTo,
  type AddressGroupSpec,
  type MemberSpec,
  type SecurityGroupSpec,
  type SecurityRemote,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import type { MemberChange } from '#platform/host/host-protocol.ts';
import { silentLog } from '#platform/log.ts';
import { Desired } from './desired.ts';
import { NetworkKeeper } from './network-keeper.ts';
import { Observations } from './observations.ts';

type Change = MemberChange<HostDocument>;

const network: NetworkSpec = { id: 'net', mtu: 1500, adminStateUp: true, dhcp: null };
const addressGroup: AddressGroupSpec = { id: 'ours', cidrs: ['10.0.0.0/8'] };

function group(id: string, remote: SecurityRemote = { kind: 'any' }): SecurityGroupSpec {
  const rule = { direction: 'ingress', version: 4, protocol: null, ports: null, remote } as const;
  return { id, stateful: true, rules: [{ id: `${id}-rule`, ...rule }] };
}

function member(id: string, groupId: string): MemberSpec {
  return { id, networkId: 'net', groups: [groupId], macs: [], cidrs: ['10.0.0.9/32'] };
}

function port(
  id: string,
  groups: readonly string[] = [],
  fields: Partial<PortSpec> = {},
): PortSpec {
  return {
    id,
    networkId: 'net',
    tap: id,
    mac: 'fa:16:3e:00:00:01',
    mtu: 1500,
    adminStateUp: true,
    firewall: pinnedTo(['fa:16:3e:00:00:01'], { groups }),
    storm: DEFAULT_STORM_CONTROL,
    ...fields,
  };
}

function documentOf(parts: { readonly [S in keyof HostDocument]?: readonly { id: string }[] }) {
  const sections = Object.entries({ networks: [network], ...parts }).map(([section, all]) => [
    section,
    Object.fromEntries(all.map((one) => [one.id, one])),
  ]);
  return { ...EMPTY_DOCUMENT, ...Object.fromEntries(sections) } as HostDocument;
}

/** A keeper on a data plane that an earlier one may have worked with. */
function startKeeper(dataplane = new FakeDataplane({ stateDir: null })) {
  const stop = new AbortController();
  const desired = new Desired();
  const observations = new Observations();
  const held = new Set<string>();
  const apply = mock.method(dataplane, 'apply');
  const keeper = new NetworkKeeper({
    desired,
    observations,
    dataplane,
    log: silentLog(),
    signal: stop.signal,
    holderOf: (id) => (held.has(id) ? 'guest' : undefined),
  });
  const pass = async () => {
    keeper.wake();
    await keeper.idle();
  };
  return {
    keeper,
    dataplane,
    desired,
    held,
    pass,
    /** Says what the whole document is. */
    want: async (document: HostDocument) => {
      desired.replace(desired.revision + 1, document);
      await pass();
    },
    change: async (...changes: Change[]) => {
      desired.apply(desired.revision + 1, changes);
      await pass();
    },
    refuse: (...ids: string[]) =>
      dataplane.setBehaviour({ failures: ids.map((match) => ({ method: 'apply', match })) }),
    /** What was applied since the last look, one entry a pass. */
    applied: () => {
      const changes = apply.mock.calls.map((call) => call.arguments[0]);
      apply.mock.resetCalls();
      return changes.map((change) =>
        Object.fromEntries(
          Object.entries(change)
            .filter(([, part]) => part.length > 0)
            .map(([name, part]) => [
              name,
              part.map((one) => (typeof one === 'string' ? one : one.id)),
            ]),
        ),
      );
    },
    seen: (id: string) => observations.find('ports', id),
    /** What is wrong with which port. */
    errors: () =>
      observations.ids('ports').flatMap((id) => {
        const error = observations.find('ports', id)?.error ?? null;
        return error === null ? [] : [id];
      }),
    state: async () => await dataplane.observe({ signal: stop.signal }),
    [Symbol.dispose]: () => {
      stop.abort();
      apply.mock.restore();
    },
  };
}

/** Lets a test say when it is time to try again, or to look at the host. */
function holdTime(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  return (ms: number) => t.mock.timers.tick(ms);
}

test('a keeper that was woken before control spoke still plugs what control wants', async () => {
  using host = startKeeper();
  host.keeper.wake();
  await host.want(documentOf({}));
  assert.deepEqual((await host.state()).networks, ['net']);
});

test('all that changed is applied in one go, and nothing else', async () => {
  using host = startKeeper();
  await host.want(
    documentOf({
      addressGroups: [addressGroup],
      groups: [group('a'), group('b')],
      members: [member('far', 'b')],
      ports: [port('p', ['a'])],
    }),
  );
  assert.deepEqual(host.applied(), [
    {
      networks: ['net'],
      addressGroups: ['ours'],
      groups: ['a', 'b'],
      members: ['far'],
      ports: ['p'],
    },
  ]);
  await host.change(
    { section: 'members', id: 'far', value: null },
    { section: 'members', id: 'near', value: member('near', 'b') },
    { section: 'groups', id: 'a', value: group('a') },
    { section: 'addressGroups', id: 'ours', value: { ...addressGroup, cidrs: [] } },
  );
  assert.deepEqual(host.applied(), [
    { addressGroups: ['ours'], members: ['near'], absentMembers: ['far'] },
  ]);
  await host.want(EMPTY_DOCUMENT);
  assert.deepEqual(host.applied(), [
    {
      absentNetworks: ['net'],
      absentPorts: ['p'],
      absentGroups: ['a', 'b'],
      absentMembers: ['near'],
      absentAddressGroups: ['ours'],
    },
  ]);
  await host.pass();
  assert.deepEqual(host.applied(), []);
});

test('a change of one port among a thousand reads nothing of the others', async () => {
  using host = startKeeper();
  let reads = 0;
  const watched = <T extends object>(value: T): T =>
    new Proxy(value, {
      get: (target, name, receiver): unknown => {
        reads += 1;
        return Reflect.get(target, name, receiver);
      },
      ownKeys: (target) => {
        reads += 1;
        return Reflect.ownKeys(target);
      },
    });
  const ids = Array.from({ length: 1000 }, (_, index) => `p${index}`);
  await host.want(
    documentOf({
      groups: [group('a')],
      members: ids.map((id) => watched(member(id, 'a'))),
      ports: ids.map((id) => (id === 'p7' ? port(id, ['a']) : watched(port(id, ['a'])))),
    }),
  );
  assert.ok(reads > 0);
  host.applied();
  reads = 0;
  await host.change(
    { section: 'ports', id: 'p7', value: port('p7', ['a'], { mtu: 1400 }) },
    { section: 'members', id: 'new', value: member('new', 'a') },
  );
  assert.deepEqual(host.applied(), [{ ports: ['p7'], members: ['new'] }]);
  assert.equal(reads, 0);
});

test('what an earlier keeper has left and nobody wants goes', async () => {
  const dataplane = new FakeDataplane({ stateDir: null });
  const kept = { groups: [group('a')], ports: [port('p', ['a'])], members: [member('p', 'a')] };
  {
    using before = startKeeper(dataplane);
    await before.want(
      documentOf({
        groups: [...kept.groups, group('old')],
        ports: [...kept.ports, port('p-old', ['old'])],
        members: [...kept.members, member('m-old', 'old')],
        addressGroups: [addressGroup],
      }),
    );
  }
  using host = startKeeper(dataplane);
  await host.keeper.begin();
  await host.pass();
  // Control has not spoken: nothing is known to be unwanted.
  assert.deepEqual(host.applied(), []);
  await host.want(documentOf(kept));
  const { ports, ...rest } = await host.state();
  assert.deepEqual(
    { ports: ports.map(({ id }) => id), ...rest },
    { networks: ['net'], ports: ['p'], groups: ['a'], members: ['p'], addressGroups: [] },
  );
});

test('groups that rules in force may name stay until the ports that have them have gone', async () => {
  using host = startKeeper();
  const parts = { groups: [group('a', { kind: 'address-group', id: 'ours' })] };
  await host.want(
    documentOf({ ...parts, addressGroups: [addressGroup], ports: [port('p', ['a'])] }),
  );
  host.applied();
  host.held.add('p');
  await host.want(EMPTY_DOCUMENT);
  assert.deepEqual(host.applied(), []);
  host.held.clear();
  await host.pass();
  assert.deepEqual(host.applied(), [
    {
      absentNetworks: ['net'],
      absentPorts: ['p'],
      absentGroups: ['a'],
      absentAddressGroups: ['ours'],
    },
  ]);
});

test('a group stays while a port that was refused a change may still have it', async () => {
  using host = startKeeper();
  await host.want(documentOf({ groups: [group('old')], ports: [port('p', ['old'])] }));
  host.refuse('p');
  const groups = [group('old'), group('new')];
  await host.want(documentOf({ groups, ports: [port('p', ['new'])] }));
  await host.change({ section: 'groups', id: 'old', value: null });
  assert.deepEqual((await host.state()).groups, ['old', 'new']);
  host.refuse();
  await host.pass();
  assert.deepEqual(host.errors(), []);
  await host.pass();
  assert.deepEqual((await host.state()).groups, ['new']);
});

const REFUSED = [
  { what: 'a group', id: 'a', inError: ['p-a'] },
  { what: 'an address group', id: 'ours', inError: ['p-b'] },
  { what: 'a member', id: 'far', inError: ['p-c'] },
  { what: 'a port and its member', id: 'p-a', inError: ['p-a'] },
];

for (const { what, id, inError } of REFUSED) {
  test(`${what} that is refused puts those in error that need it, until it succeeds`, async (t) => {
    const pass = holdTime(t);
    using host = startKeeper();
    host.refuse(id);
    await host.want(
      documentOf({
        addressGroups: [addressGroup],
        groups: [
          group('a'),
          group('b', { kind: 'address-group', id: 'ours' }),
          group('c', { kind: 'group', id: 'a' }),
        ],
        members: [member('far', 'a'), member('p-a', 'a')],
        ports: [port('p-a', ['a']), port('p-b', ['b']), port('p-c', ['c']), port('p', [])],
      }),
    );
    assert.deepEqual(host.errors(), inError);
    const { error, settled } = host.seen(inError[0] ?? '') ?? assert.fail('it was not told of');
    assert.deepEqual(error, {
      code: 'FakeFailure',
      message: `The fake data plane was told to fail 'apply' ${id}.`,
    });
    assert.equal(settled, 1);
    await assert.rejects(
      host.keeper.plugged(inError[0] ?? '', AbortSignal.timeout(5000)),
      /told to fail/,
    );
    await host.keeper.plugged('p', AbortSignal.timeout(5000));
    host.refuse();
    host.applied();
    pass(1999);
    await host.keeper.idle();
    assert.deepEqual(host.errors(), inError);
    pass(1);
    await host.keeper.idle();
    assert.deepEqual(host.errors(), []);
    assert.equal(host.applied().length, 1);
    await host.keeper.plugged(inError[0] ?? '', AbortSignal.timeout(5000));
  });
}

test('a group that goes takes the errors that it made along', async () => {
  using host = startKeeper();
  host.refuse('a');
  await host.want(documentOf({ groups: [group('a')], ports: [port('p', ['a'])] }));
  assert.deepEqual(host.errors(), ['p']);
  host.refuse();
  await host.want(documentOf({ ports: [port('p', [])] }));
  assert.deepEqual(host.errors(), []);
  assert.equal(host.seen('p')?.settled, 2);
});

test('a port whose change is refused stays plugged as it was; one that never could be is not', async () => {
  using host = startKeeper();
  await host.want(documentOf({ ports: [port('p')] }));
  host.refuse('p', 'q');
  await host.want(documentOf({ ports: [port('p', [], { mtu: 1400 }), port('q')] }));
  const told = ['p', 'q'].map((id) => {
    const { plugged, settled, error } = host.seen(id) ?? assert.fail(`${id} was not told of`);
    return { id, plugged, settled, failed: error !== null };
  });
  assert.deepEqual(told, [
    { id: 'p', plugged: true, settled: 2, failed: true },
    { id: 'q', plugged: false, settled: 2, failed: true },
  ]);
  // Wanting again what is still in force mends it, with nothing to apply.
  await host.want(documentOf({ ports: [port('p')] }));
  assert.equal(host.seen('p')?.error, null);
  assert.equal(host.seen('p')?.plugged, true);
});

test('what fails as a whole is tried again after two seconds, however many wait for it', async (t) => {
  const pass = holdTime(t);
  using host = startKeeper();
  host.dataplane.setBehaviour({ failures: [{ method: 'apply' }] });
  host.desired.replace(1, documentOf({ groups: [group('a')], ports: [port('p', ['a'])] }));
  const signal = AbortSignal.timeout(5000);
  const waiting = [host.keeper.plugged('p', signal), host.keeper.plugged('p', signal)];
  await host.keeper.idle();
  pass(1999);
  await host.keeper.idle();
  assert.equal(host.applied().length, 1);
  host.dataplane.setBehaviour({});
  pass(1);
  await Promise.all(waiting);
  assert.deepEqual(host.applied(), [{ networks: ['net'], groups: ['a'], ports: ['p'] }]);
});

test('what somebody else took away is put back at the next look', async (t) => {
  const pass = holdTime(t);
  using host = startKeeper();
  await host.keeper.begin();
  await host.want(documentOf({ groups: [group('a')], ports: [port('p', ['a'])] }));
  const elsewhere = startKeeper(host.dataplane);
  await elsewhere.keeper.begin();
  await elsewhere.want(EMPTY_DOCUMENT);
  elsewhere[Symbol.dispose]();
  assert.equal(host.dataplane.group('a'), undefined);
  pass(30_000);
  await host.keeper.idle();
  await host.keeper.idle();
  assert.ok(host.dataplane.group('a') && host.dataplane.port('p'));
});

test('a document that says the same again is settled with nothing to apply', async () => {
  using host = startKeeper();
  const document = documentOf({ ports: [port('p')] });
  await host.want(document);
  host.applied();
  await host.want(structuredClone(document));
  assert.deepEqual(host.applied(), []);
  assert.equal(host.seen('p')?.settled, 2);
});

test('the storm state of a port is told when it changes and when it is seen, and goes with the port', async () => {
  const dataplane = new FakeDataplane({ stateDir: null });
  using host = startKeeper(dataplane);
  const document = documentOf({ ports: [port('p')] });
  await host.want(document);
  assert.equal(host.seen('p')?.storm, 'ok');
  dataplane.setStorm('p', 'quarantined');
  assert.equal(host.seen('p')?.storm, 'quarantined');
  await host.want(documentOf({ ports: [port('p', [], { mtu: 1400 })] }));
  assert.equal(host.seen('p')?.storm, 'quarantined');
  {
    using later = startKeeper(dataplane);
    await later.keeper.begin();
    assert.equal(later.seen('p')?.storm, 'quarantined');
  }
  await host.want(EMPTY_DOCUMENT);
  assert.equal(host.seen('p'), undefined);
  await host.want(document);
  assert.equal(host.seen('p')?.storm, 'ok');
});
