/** What the keeper of the data plane applies, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_DOCUMENT } from '#base/host/document.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import { addressGroup, documentOf, group, holdTime, member, port, startKeeper } from './testing.ts';

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
    {
      networks: ['net'],
      ports: ['p'],
      groups: ['a'],
      members: ['p'],
      addressGroups: [],
      routers: [],
    },
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

test('what the old rules of a group may name stays while its new ones are refused', async () => {
  using host = startKeeper();
  const ports = [port('p', ['a'])];
  const naming = group('a', { kind: 'address-group', id: 'ours' });
  await host.want(documentOf({ addressGroups: [addressGroup], groups: [naming], ports }));
  host.refuse('a');
  await host.want(documentOf({ addressGroups: [addressGroup], groups: [group('a')], ports }));
  await host.want(documentOf({ groups: [group('a')], ports }));
  assert.deepEqual((await host.state()).addressGroups, ['ours']);
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

test('what nobody knows the fate of is applied again, even when it is wanted as it was', async () => {
  using host = startKeeper();
  await host.want(documentOf({ ports: [port('p')] }));
  host.dataplane.setBehaviour({ failures: [{ method: 'apply', times: 1 }] });
  await host.want(documentOf({ ports: [port('p', [], { mtu: 1400 })] }));
  host.applied();
  await host.want(documentOf({ ports: [port('p')] }));
  assert.deepEqual(host.applied(), [{ ports: ['p'] }]);
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
