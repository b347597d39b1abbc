/** What is told of ports: what was refused, and what they do by themselves. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { EMPTY_DOCUMENT } from '#base/host/document.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import { addressGroup, documentOf, group, holdTime, member, port, startKeeper } from './testing.ts';

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

test('the storm state of a port is told when it changes and when it is seen, and goes with the port', async () => {
  const dataplane = new FakeDataplane({ stateDir: null });
  const onStorm = mock.method(dataplane, 'onStorm');
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
  // What is told of it too late is not taken for one that comes with its id.
  for (const { arguments: told } of onStorm.mock.calls) told[0]('p', 'loop');
  await host.want(document);
  assert.equal(host.seen('p')?.storm, 'ok');
});
