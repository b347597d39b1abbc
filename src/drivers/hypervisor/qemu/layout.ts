/** Where each device of a domain sits on the PCI bus: fixed places, so that nothing ever moves. */
import { MAX_NICS } from '#base/host/domain.ts';
import { Fault } from '#platform/fault.ts';

/** A root port: one slot into which one device can be plugged, also while the guest runs. */
export type RootPort = {
  readonly id: string;
  readonly chassis: number;
  /** On the root bus, as `device.function`. */
  readonly address: string;
  /** The first function of a device says that there are more. */
  readonly first: boolean;
};

/** What may sit behind the cards. A new kind goes to the end, or every guest's disks would move. */
export type FixedDevice = 'root-disk' | 'ephemeral-disk' | 'config-drive' | 'rng';

const FIXED_DEVICES: readonly FixedDevice[] = [
  'root-disk',
  'ephemeral-disk',
  'config-drive',
  'rng',
];

const FUNCTIONS = 8;
/** Devices of the root bus: 0 is the host bridge, 31 the chip set with its SATA controller. */
const FIRST_NIC_DEVICE = 1;
const FIRST_FIXED_DEVICE = FIRST_NIC_DEVICE + Math.ceil(MAX_NICS / FUNCTIONS);
export const VGA_ADDRESS = '0x1e';
export const USB_ADDRESS = '0x1d';

/**
 * All root ports, in the order in which a guest numbers the buses behind them: the cards' ports
 * first, eight to a device, then those of the disks. A guest walks them in this order, so slot n is
 * its n-th card however many are plugged, and cards come before disks.
 */
export function rootPorts(): readonly RootPort[] {
  const nics = Array.from({ length: MAX_NICS }, (_, slot) =>
    rootPort(nicPortId(slot), slot + 1, FIRST_NIC_DEVICE, slot),
  );
  const fixed = FIXED_DEVICES.map((device, index) =>
    rootPort(fixedPortId(device), MAX_NICS + 1 + index, FIRST_FIXED_DEVICE, index),
  );
  return [...nics, ...fixed];
}

/** The root port of a card. */
export function nicPortId(slot: number): string {
  if (!Number.isInteger(slot) || slot < 0 || slot >= MAX_NICS) {
    throw new Fault('invalid', 'InvalidNicSlot', `A card cannot sit in slot ${slot}.`);
  }
  return `port-nic${slot}`;
}

/** The root port of a disk or another fixed device. */
export function fixedPortId(device: FixedDevice): string {
  return `port-${device}`;
}

function rootPort(id: string, chassis: number, firstDevice: number, index: number): RootPort {
  const device = firstDevice + Math.floor(index / FUNCTIONS);
  const fn = index % FUNCTIONS;
  return { id, chassis, address: `0x${device.toString(16)}.0x${fn}`, first: fn === 0 };
}
