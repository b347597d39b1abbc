/** What a spec must be for a domain to be made of it. */
import { MAX_NICS, type DomainSpec, type NicSpec } from '#base/host/domain.ts';
import { Fault } from '#platform/fault.ts';

/** The kernel's limit for an interface name, without the terminating zero. */
const MOST_TAP_CHARACTERS = 15;
const MTU = { least: 68, most: 65_535 };

/** Refuses a spec of which QEMU would make something else, or nothing, with a less helpful message. */
export function checkSpec(spec: DomainSpec): void {
  if (!Number.isInteger(spec.vcpus) || spec.vcpus < 1) {
    throw invalid(`${spec.vcpus} is no number of CPUs`);
  }
  if (!Number.isInteger(spec.memoryMib) || spec.memoryMib < 1) {
    throw invalid(`${spec.memoryMib} MiB is no size of memory`);
  }
  for (const nic of spec.nics) checkNic(nic);
  const slots = new Set(spec.nics.map((nic) => nic.slot));
  const ports = new Set(spec.nics.map((nic) => nic.portId));
  if (slots.size < spec.nics.length) throw invalid('two cards sit in one slot');
  if (ports.size < spec.nics.length) throw invalid('two cards have one port');
}

/** Refuses a card that cannot be plugged. */
export function checkNic(nic: NicSpec): void {
  if (!Number.isInteger(nic.slot) || nic.slot < 0 || nic.slot >= MAX_NICS) {
    throw invalid(`port ${nic.portId} cannot sit in slot ${nic.slot} of ${MAX_NICS}`);
  }
  if (nic.tap === '' || nic.tap.length > MOST_TAP_CHARACTERS) {
    throw invalid(`'${nic.tap}' is no name for a host interface`);
  }
  if (!Number.isInteger(nic.mtu) || nic.mtu < MTU.least || nic.mtu > MTU.most) {
    throw invalid(`the MTU of port ${nic.portId} cannot be ${nic.mtu}`);
  }
}

/** Refuses cards whose taps are not there: as root, QEMU would make taps of its own, joined to nothing. */
export function checkTaps(nics: readonly NicSpec[], links: ReadonlySet<string>): void {
  const missing = nics.find((nic) => !links.has(nic.tap));
  if (!missing) return;
  throw new Fault(
    'unavailable',
    'TapMissing',
    `Port ${missing.portId} is not there on its host yet: interface '${missing.tap}' is missing.`,
  );
}

function invalid(what: string): Fault {
  return new Fault('invalid', 'InvalidDomainSpec', `The server cannot be made: ${what}.`);
}
