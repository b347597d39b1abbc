/** From rows to what a host should run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InterfaceRow } from '../interfaces/interface.store.ts';
import { kernelCommandLine, planDomain } from './plan-domain.ts';
import type { BootFacts, ServerRow } from './server-row.ts';

const disk = { id: 'image', format: 'qcow2' as const, path: 'blobs/image', sizeBytes: 1 };
const boot: BootFacts = { disk, kernel: null, ramdisk: null, drive: null };

const server = (change: Partial<ServerRow> = {}): ServerRow =>
  ({
    id: '11111111-1111-4111-8111-111111111111',
    number: 31,
    flavor: JSON.stringify({
      id: '42',
      name: 'm1.nano',
      vcpus: 2,
      ram: 256,
      disk: 3,
      ephemeral: 4,
      swap: 0,
      extraSpecs: {},
    }),
    boot: JSON.stringify(boot),
    user_data: null,
    personality: '[]',
    power: 'running',
    reboot_count: 5,
    reboot_type: 'hard',
    ...change,
  }) as ServerRow;

const card = (change: Partial<InterfaceRow> = {}): InterfaceRow => ({
  port_id: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
  server_id: 'id',
  network_id: 'n',
  mac: 'fa:16:3e:00:00:01',
  mtu: 1450,
  slot: 0,
  position: 0,
  tag: null,
  preserve_on_delete: 0,
  state: 'attached',
  ...change,
});

test('a server is a domain of its flavor, its image and its cards', () => {
  assert.deepEqual(planDomain(server(), [card({ slot: 1 })]), {
    id: '11111111-1111-4111-8111-111111111111',
    name: 'instance-0000001f',
    vcpus: 2,
    memoryMib: 256,
    boot: { kind: 'disk' },
    rootDisk: { image: disk, sizeGib: 3 },
    ephemeralGib: 4,
    configDrive: null,
    nics: [
      {
        slot: 1,
        portId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
        mac: 'fa:16:3e:00:00:01',
        mtu: 1450,
        tap: 'tapaaaaaaaa-bb',
      },
    ],
    power: 'running',
    reboot: { count: 5, type: 'hard' },
  });
});

test('cards come in the order of their slots, without those that go and those whose port is still to be made', () => {
  const cards = [
    card({ port_id: 'c', slot: 4 }),
    card({ port_id: 'a', slot: 0 }),
    card({ port_id: 'going', slot: 1, state: 'detaching' }),
    card({ port_id: 'coming', slot: 2, state: 'attaching', mac: '' }),
    card({ port_id: 'there', slot: 3, state: 'attaching' }),
  ];
  assert.deepEqual(
    planDomain(server(), cards)?.nics.map(({ portId }) => portId),
    ['a', 'there', 'c'],
  );
});

test('a server with nothing to boot from is no domain', () => {
  assert.equal(planDomain(server({ boot: null }), []), undefined);
});

test('an image with a kernel of its own is booted by that kernel', () => {
  const kernel = { ...disk, id: 'kernel', format: 'aki' as const };
  const ramdisk = { ...disk, id: 'ramdisk', format: 'ari' as const };
  const facts: BootFacts = {
    ...boot,
    kernel: { image: kernel, commandLine: kernelCommandLine('quiet') },
    ramdisk,
  };
  assert.deepEqual(planDomain(server({ boot: JSON.stringify(facts) }), [])?.boot, {
    kind: 'kernel',
    kernel,
    ramdisk,
    commandLine: 'root=/dev/vda console=tty0 console=ttyS0 quiet',
  });
});

test('what the config drive says does not change when the server is renamed', () => {
  const drive = { metaData: { name: 'first' }, networkData: {} };
  const facts = JSON.stringify({ ...boot, drive });
  const spec = planDomain(server({ boot: facts, name: 'second' }), []);
  assert.equal(spec?.configDrive?.['openstack/latest/meta_data.json'], '{"name":"first"}');
});
