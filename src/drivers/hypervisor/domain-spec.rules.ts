/** What a spec must be for a domain to be made of it. */
import { MAX_NICS, type DomainSpec, type NicSpec } from '#base/host/domain.ts';
import {
  invalidDomainSpec,
  nicPluggedElsewhere,
  nicSlotInUse,
  tapMissing,
} from './hypervisor.faults.ts';

/** The kernel's limit for an interface name, without the terminating zero. */
const MOST_TAP_CHARACTERS = 15;
const MTU = { least: 68, most: 65_535 };

/** Refuses a spec of which QEMU would make something else, or nothing, with a less helpful message. */
export function checkSpec(spec: DomainSpec): void {
  if (!Number.isInteger(spec.vcpus) || spec.vcpus < 1) {
    throw invalidDomainSpec(`${spec.vcpus} is no number of CPUs`);
  }
  if (!Number.isInteger(spec.memoryMib) || spec.memoryMib < 1) {
    throw invalidDomainSpec(`${spec.memoryMib} MiB is no size of memory`);
  }
  for (const nic of spec.nics) checkNic(nic);
  const slots = new Set(spec.nics.map((nic) => nic.slot));
  const ports = new Set(spec.nics.map((nic) => nic.portId));
  if (slots.size < spec.nics.length) throw invalidDomainSpec('two cards sit in one slot');
  if (ports.size < spec.nics.length) throw invalidDomainSpec('two cards have one port');
}

/** Refuses a card that cannot be plugged. */
export function checkNic(nic: NicSpec): void {
  if (!Number.isInteger(nic.slot) || nic.slot < 0 || nic.slot >= MAX_NICS) {
    throw invalidDomainSpec(`port ${nic.portId} cannot sit in slot ${nic.slot} of ${MAX_NICS}`);
  }
  if (nic.tap === '' || nic.tap.length > MOST_TAP_CHARACTERS) {
    throw invalidDomainSpec(`'${nic.tap}' is no name for a host interface`);
  }
  if (!Number.isInteger(nic.mtu) || nic.mtu < MTU.least || nic.mtu > MTU.most) {
    throw invalidDomainSpec(`the MTU of port ${nic.portId} cannot be ${nic.mtu}`);
  }
}

/** Refuses cards whose taps are not there: as root, QEMU would make taps of its own, joined to nothing. */
export function checkTaps(nics: readonly NicSpec[], links: ReadonlySet<string>): void {
  const missing = nics.find((nic) => !links.has(nic.tap));
  if (missing) throw tapMissing(missing);
}

/**
 * Whether a card has to be plugged, given those that are there: not when it is in its slot already.
 * Refused when its slot is taken, or when its port is in another.
 */
export function mustPlug(
  nic: NicSpec,
  cards: readonly Pick<NicSpec, 'slot' | 'portId'>[],
): boolean {
  for (const { slot, portId } of cards) {
    if (portId === nic.portId && slot === nic.slot) return false;
    if (portId === nic.portId) throw nicPluggedElsewhere(nic, slot);
    if (slot === nic.slot) throw nicSlotInUse(nic, portId);
  }
  return true;
}
