/** Where in a guest a server's tagged cards and disks are found. Pure. */
import { MAX_NICS } from '#base/host/domain.ts';
import type { JsonObject } from '#base/json.ts';
import type { InterfaceRow } from '../interfaces/interface.store.ts';

/** Something that whoever made the server gave a name, and its place on the guest's PCI bus. */
export type TaggedDevice =
  | { readonly type: 'nic'; readonly mac: string; readonly address: string; readonly tag: string }
  | { readonly type: 'disk'; readonly address: string; readonly tag: string };

/** Tags of a server's disks that lie on its host. */
export type DiskTags = { readonly root?: string };

/** The card of slot n sits alone behind the n-th root port, so that bus n+1 is its own. */
export function pciAddressOf(slot: number): string {
  return `0000:${(slot + 1).toString(16).padStart(2, '0')}:00.0`;
}

/** Disks sit behind the root ports that follow those of all cards; the root disk is the first of them. */
const ROOT_DISK_ADDRESS = pciAddressOf(MAX_NICS);

export function tagsOfDevices(
  cards: readonly Pick<InterfaceRow, 'slot' | 'mac' | 'tag'>[],
  disks: DiskTags,
): readonly TaggedDevice[] {
  const nics = cards.flatMap(({ slot, mac, tag }) =>
    tag === null ? [] : [{ type: 'nic' as const, mac, address: pciAddressOf(slot), tag }],
  );
  if (disks.root === undefined) return nics;
  return [...nics, { type: 'disk', address: ROOT_DISK_ADDRESS, tag: disks.root }];
}

/** A device as the newest `meta_data.json` shows it. */
export function viewDevice(device: TaggedDevice): JsonObject {
  const place = { bus: 'pci', address: device.address, tags: [device.tag] };
  return device.type === 'nic'
    ? { vf_trusted: false, type: 'nic', mac: device.mac, ...place }
    : // compat: the serial is that of a volume, which a disk on the host has none of.
      { type: 'disk', serial: null, ...place };
}
