/** Proves what a spec becomes on QEMU's command line, above all where each device sits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_NICS, type DomainSpec, type ImageRef } from '#base/host/domain.ts';
import { qemuArgv } from './argv.ts';
import { checkSocketPaths, domainPaths } from './domain-paths.ts';
import { rootPorts } from './layout.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const paths = domainPaths('/run/stackyard/servers', ID);
const facts = {
  accelerator: 'tcg' as const,
  paths,
  imagePath: ({ path }: { path: string }) => `/images/${path}`,
};

function image(format: ImageRef['format']): ImageRef {
  return { id: 'an-image', format, path: format, sizeBytes: 1 };
}

function spec(part: Partial<DomainSpec> = {}): DomainSpec {
  return {
    id: ID,
    name: 'instance-00000001',
    vcpus: 2,
    memoryMib: 512,
    boot: { kind: 'disk' },
    rootDisk: { image: image('qcow2'), sizeGib: 1 },
    ephemeralGib: 0,
    configDrive: null,
    nics: [],
    power: 'running',
    reboot: { count: 0, type: 'hard' },
    ...part,
  };
}

function nic(slot: number) {
  const mac = `fa:16:3e:00:00:0${slot}`;
  return { slot, portId: `port-${slot}`, mac, mtu: 1450, tap: `tap${slot}` };
}

/** The values of an option, those in JSON parsed. */
function values(argv: readonly string[], flag: string): unknown[] {
  return argv
    .filter((_, index) => argv[index - 1] === flag)
    .map((value) => (value.startsWith('{') ? (JSON.parse(value) as unknown) : value));
}

function devices(part: Partial<DomainSpec>, driver: string) {
  const all = values(qemuArgv(spec(part), facts), '-device') as Record<string, unknown>[];
  return all.filter((device) => device['driver'] === driver);
}

test('every machine has all root ports, the cards first, whatever is plugged', () => {
  const none = devices({}, 'pcie-root-port');
  const some = devices({ nics: [nic(3)], ephemeralGib: 1, configDrive: {} }, 'pcie-root-port');
  assert.deepEqual(none, some);
  const ids = none.map((port) => port['id']);
  const cards = Array.from({ length: MAX_NICS }, (_, slot) => `port-nic${slot}`);
  assert.deepEqual(ids.slice(0, MAX_NICS), cards);
  assert.deepEqual(ids.slice(MAX_NICS), [
    'port-root-disk',
    'port-ephemeral-disk',
    'port-config-drive',
    'port-rng',
  ]);
});

test('root ports are in the order in which a guest counts, and no two share a place', () => {
  const order = rootPorts().map(({ address }) => {
    const [device = 0, fn = 0] = address.split('.').map(Number);
    return device * 8 + fn;
  });
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(order).size, order.length);
  assert.equal(new Set(rootPorts().map(({ chassis }) => chassis)).size, order.length);
  for (const { address, first } of rootPorts()) assert.equal(first, address.endsWith('.0x0'));
});

test('a card sits behind the root port of its slot, gaps or not', () => {
  const cards = devices({ nics: [nic(5), nic(0), nic(2)] }, 'virtio-net-pci');
  assert.deepEqual(
    cards.map(({ id, bus, mac, host_mtu }) => [id, bus, mac, host_mtu]),
    [
      ['nic0-port-0', 'port-nic0', 'fa:16:3e:00:00:00', 1450],
      ['nic2-port-2', 'port-nic2', 'fa:16:3e:00:00:02', 1450],
      ['nic5-port-5', 'port-nic5', 'fa:16:3e:00:00:05', 1450],
    ],
  );
});

test('a root disk is a layer over its image, and neither draws in another file', () => {
  const argv = qemuArgv(spec(), facts);
  assert.deepEqual(values(argv, '-blockdev'), [
    {
      driver: 'qcow2',
      'node-name': 'root-disk',
      discard: 'unmap',
      backing: {
        driver: 'qcow2',
        'node-name': 'root-image',
        'read-only': true,
        backing: null,
        file: { driver: 'file', filename: '/images/qcow2', 'read-only': true },
      },
      file: { driver: 'file', filename: paths.rootDisk, discard: 'unmap' },
    },
  ]);
  assert.deepEqual(
    devices({}, 'virtio-blk-pci').map(({ id, bus, bootindex }) => [id, bus, bootindex]),
    [['root-disk', 'port-root-disk', 1]],
  );
});

test('an ISO image is in a CD drive and nowhere else', () => {
  const part = { rootDisk: { image: image('iso'), sizeGib: 5 } };
  assert.deepEqual(devices(part, 'virtio-blk-pci'), []);
  assert.deepEqual(devices(part, 'ide-cd').length, 1);
  const argv = qemuArgv(spec(part), facts);
  assert.match(String(values(argv, '-machine')[0]), /sata=on/);
  assert.match(JSON.stringify(values(argv, '-blockdev')), /"read-only":true/);
});

test('a config drive is a disk that the guest cannot write', () => {
  const argv = qemuArgv(spec({ configDrive: {} }), facts);
  const drive = values(argv, '-blockdev').at(-1);
  assert.deepEqual(drive, {
    driver: 'raw',
    'node-name': 'config-drive',
    'read-only': true,
    file: { driver: 'file', filename: paths.configDrive, 'read-only': true },
  });
});

test('a kernel is booted with its ramdisk and command line, and no disk competes with it', () => {
  const boot = {
    kind: 'kernel' as const,
    kernel: image('aki'),
    ramdisk: image('ari'),
    commandLine: 'console=ttyS0, root=/dev/vda',
  };
  const argv = qemuArgv(spec({ boot }), facts);
  assert.deepEqual(values(argv, '-kernel'), ['/images/aki']);
  assert.deepEqual(values(argv, '-initrd'), ['/images/ari']);
  assert.deepEqual(values(argv, '-append'), ['console=ttyS0, root=/dev/vda']);
  assert.ok(!argv.some((arg) => arg.includes('bootindex')));
});

test('the guest can tell that it is a server of OpenStack, and which', () => {
  const [system] = values(qemuArgv(spec(), facts), '-smbios');
  assert.equal(
    system,
    `type=1,manufacturer=OpenStack Foundation,product=OpenStack Nova,serial=${ID},uuid=${ID},family=Virtual Machine`,
  );
});

test('a guest has a screen, a tablet and a serial port, which nobody but its own directory leads to', () => {
  const argv = qemuArgv(spec(), facts);
  const directory = `/run/stackyard/servers/${ID}`;
  assert.deepEqual(values(argv, '-vnc'), [`unix:${directory}/run/vnc.sock,share=force-shared`]);
  assert.deepEqual(values(argv, '-chardev'), [
    `socket,id=serial,path=${directory}/run/serial.sock,server=on,wait=off,logfile=${directory}/console.log,logappend=on`,
  ]);
  const places = ['VGA', 'qemu-xhci'].map((driver) => devices({}, driver)[0]);
  for (const place of places) {
    assert.equal(place?.['bus'], 'pcie.0');
    const taken = rootPorts().some(({ address }) =>
      address.startsWith(`${String(place?.['addr'])}.`),
    );
    assert.equal(taken, false);
  }
});

test('a comma in a name does not become another option', () => {
  const argv = qemuArgv(spec({ name: 'a,debug-threads=on' }), facts);
  assert.deepEqual(values(argv, '-name'), ['guest=a,,debug-threads=on']);
});

const always = ['-nodefaults', '-no-user-config', '-no-shutdown', '-sandbox'];

for (const flag of always) {
  test(`every machine is started with ${flag}`, () => {
    assert.ok(qemuArgv(spec(), facts).includes(flag));
  });
}

test('a machine starts paused only when it is to be paused', () => {
  assert.equal(qemuArgv(spec({ power: 'paused' }), facts).includes('-S'), true);
  assert.equal(qemuArgv(spec(), facts).includes('-S'), false);
});

test('a state directory that is too deep for sockets is refused before anything is made', () => {
  const deep = domainPaths(`/${'d'.repeat(60)}`, ID);
  assert.throws(() => checkSocketPaths(deep), { code: 'StateDirTooDeep', kind: 'invalid' });
  checkSocketPaths(paths);
});

test('a name that is no UUID never becomes a path', () => {
  for (const id of ['../../etc', '', `${ID}/..`, ID.toUpperCase().replace('1', 'G')]) {
    assert.throws(() => domainPaths('/run', id), { code: 'InvalidDomainId' });
  }
});
