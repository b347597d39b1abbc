/** The command line of a domain. Pure: the same spec gives the same machine, whoever asks and when. */
import type { BootSpec, DomainSpec } from '#base/host/domain.ts';
import type { JsonObject } from '#base/json.ts';
import type { DomainPaths } from './domain-paths.ts';
import { fixedPortId, rootPorts, USB_ADDRESS, VGA_ADDRESS, type FixedDevice } from './layout.ts';
import { card, netdev } from './nic-devices.ts';

export type Accelerator = 'kvm' | 'tcg';

/** What is decided on the host and not in the spec. */
export type MachineFacts = {
  readonly accelerator: Accelerator;
  readonly paths: DomainPaths;
  /** Makes an image's path absolute. */
  readonly imagePath: (image: { readonly path: string }) => string;
};

/**
 * TCG has every feature of `max` but two, which make it slower: page tables of five levels instead of
 * four, and `rep movsb` said to be fast, which it runs byte by byte (guests copy memory two to
 * three times faster without).
 */
export const CPU_MODEL: Record<Accelerator, string> = { kvm: 'host', tcg: 'max,la57=off,erms=off' };

export function qemuArgv(spec: DomainSpec, facts: MachineFacts): readonly string[] {
  const { paths, accelerator } = facts;
  return [
    // Nothing but what is named here: no default devices, no configuration from /etc.
    '-nodefaults',
    '-no-user-config',
    ...flag('-name', `guest=${literal(spec.name)}`),
    ...flag('-uuid', spec.id),
    ...flag('-machine', `q35,vmport=off,usb=off,sata=${hasCdrom(spec) ? 'on' : 'off'}`),
    ...flag('-accel', accelerator),
    ...flag('-cpu', CPU_MODEL[accelerator]),
    ...flag('-smp', `${spec.vcpus},sockets=${spec.vcpus},cores=1,threads=1`),
    ...flag('-m', `size=${spec.memoryMib}M`),
    ...flag('-rtc', 'base=utc'),
    // Guests that fall asleep are seen by nobody as stopped and are woken by nobody.
    ...flag('-global', 'ICH9-LPC.disable_s3=1'),
    ...flag('-global', 'ICH9-LPC.disable_s4=1'),
    ...smbios(spec.id),
    ...flag('-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'),
    // A guest that powers itself off leaves QEMU in state `shutdown` for us to see and to end. So
    // a process that is gone without our doing has always crashed.
    '-no-shutdown',
    ...(spec.power === 'paused' ? ['-S'] : []),
    ...flag('-pidfile', paths.pidFile),
    ...option('-qmp', `unix:${literal(paths.qmpSocket)}`, { server: 'on', wait: 'off' }),
    ...flag('-display', 'none'),
    // Nobody throws another out.
    ...option('-vnc', `unix:${literal(paths.vncSocket)}`, { share: 'force-shared' }),
    ...device({ driver: 'VGA', id: 'video', bus: 'pcie.0', addr: VGA_ADDRESS, vgamem_mb: 8 }),
    // compat: as in Nova's guests, the pointer is where the mouse is. The keyboard is the chip set's own.
    ...device({ driver: 'qemu-xhci', id: 'usb', bus: 'pcie.0', addr: USB_ADDRESS }),
    ...device({ driver: 'usb-tablet', id: 'tablet', bus: 'usb.0' }),
    ...option('-chardev', 'socket', {
      id: 'serial',
      path: paths.serialSockets[0],
      server: 'on',
      wait: 'off',
      logfile: paths.consoleLog,
      logappend: 'on',
    }),
    ...device({ driver: 'isa-serial', id: 'serial0', chardev: 'serial' }),
    ...flag('-boot', 'strict=on,menu=off'),
    ...bootArgs(spec.boot, facts),
    ...rootPorts().flatMap((port) =>
      device({
        driver: 'pcie-root-port',
        id: port.id,
        bus: 'pcie.0',
        addr: port.address,
        chassis: port.chassis,
        multifunction: port.first,
        // Virtio needs no port I/O, and there is not enough of it for so many bridges.
        'io-reserve': 0,
      }),
    ),
    ...spec.nics
      .toSorted((a, b) => a.slot - b.slot)
      .flatMap((nic) => [...flag('-netdev', JSON.stringify(netdev(nic))), ...device(card(nic))]),
    ...diskArgs(spec, facts),
    ...flag('-object', 'rng-builtin,id=entropy'),
    ...behind('rng', { driver: 'virtio-rng-pci', id: 'rng', rng: 'entropy' }),
  ];
}

/** True when the server boots from a CD image, which needs the SATA controller. */
function hasCdrom(spec: DomainSpec): boolean {
  return spec.rootDisk?.image.format === 'iso';
}

function diskArgs(spec: DomainSpec, { paths, imagePath }: MachineFacts): readonly string[] {
  // Number 0 belongs to the kernel loader of `-kernel`.
  const bootindex = spec.boot.kind === 'disk' ? { bootindex: 1 } : {};
  const args: string[] = [];
  if (spec.rootDisk && hasCdrom(spec)) {
    // compat: as Nova does, an ISO image is not copied to a disk but is in the drive itself.
    const file = imagePath(spec.rootDisk.image);
    args.push(...blockdev('cdrom', 'raw', file, { 'read-only': true }));
    args.push(
      ...device({ driver: 'ide-cd', id: 'cdrom', bus: 'ide.0', drive: 'cdrom', ...bootindex }),
    );
  } else if (spec.rootDisk) {
    const { image } = spec.rootDisk;
    // Named here, the overlay's own note of its backing file is never followed.
    const backing = {
      driver: image.format === 'qcow2' ? 'qcow2' : 'raw',
      'node-name': 'root-image',
      'read-only': true,
      ...(image.format === 'qcow2' ? { backing: null } : {}),
      file: { driver: 'file', filename: imagePath(image), 'read-only': true },
    };
    args.push(...blockdev('root-disk', 'qcow2', paths.rootDisk, { discard: 'unmap', backing }));
    args.push(...virtioBlock('root-disk', bootindex));
  }
  if (spec.ephemeralGib > 0) {
    const empty = { discard: 'unmap', backing: null };
    args.push(...blockdev('ephemeral-disk', 'qcow2', paths.ephemeralDisk, empty));
    args.push(...virtioBlock('ephemeral-disk', {}));
  }
  if (spec.configDrive) {
    // A virtio disk and not a CD drive: Debian's cloud kernel has no driver for the latter.
    args.push(...blockdev('config-drive', 'raw', paths.configDrive, { 'read-only': true }));
    args.push(...virtioBlock('config-drive', {}));
  }
  return args;
}

function bootArgs(boot: BootSpec, { imagePath }: MachineFacts): readonly string[] {
  if (boot.kind === 'disk') return [];
  return [
    ...flag('-kernel', imagePath(boot.kernel)),
    ...(boot.ramdisk ? ['-initrd', imagePath(boot.ramdisk)] : []),
    ...flag('-append', boot.commandLine),
  ];
}

/** What cloud-init looks for when it asks whether it is on OpenStack; worded as Nova words it. */
function smbios(id: string): readonly string[] {
  const system = {
    manufacturer: 'OpenStack Foundation',
    product: 'OpenStack Nova',
    serial: id,
    uuid: id,
    family: 'Virtual Machine',
  };
  return option('-smbios', 'type=1', system);
}

function blockdev(
  name: string,
  driver: 'raw' | 'qcow2',
  filename: string,
  more: JsonObject,
): readonly string[] {
  const readOnly = more['read-only'] === true ? { 'read-only': true } : { discard: 'unmap' };
  const file = { driver: 'file', filename, ...readOnly };
  return flag('-blockdev', JSON.stringify({ driver, 'node-name': name, ...more, file }));
}

function virtioBlock(name: FixedDevice, more: JsonObject): readonly string[] {
  return behind(name, { driver: 'virtio-blk-pci', id: name, drive: name, ...more });
}

function behind(place: FixedDevice, properties: JsonObject): readonly string[] {
  return device({ ...properties, bus: fixedPortId(place), 'disable-legacy': 'on' });
}

function device(properties: JsonObject): readonly string[] {
  return flag('-device', JSON.stringify(properties));
}

function flag(name: string, value: string): readonly string[] {
  return [name, value];
}

/** An option that QEMU does not take as JSON. */
function option(
  name: string,
  first: string,
  values: Readonly<Record<string, string>>,
): readonly string[] {
  const parts = Object.entries(values).map(([key, value]) => `${key}=${literal(value)}`);
  return flag(name, [first, ...parts].join(','));
}

/** A value that may hold commas: QEMU wants them doubled. */
function literal(value: string): string {
  return value.replaceAll(',', ',,');
}
