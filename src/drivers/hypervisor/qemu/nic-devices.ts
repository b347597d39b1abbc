/** A card as QEMU wants it told, on its command line and over QMP alike. */
import type { NicSpec } from '#base/host/domain.ts';
import type { JsonObject } from '#base/json.ts';
import { nicPortId } from './layout.ts';

/** The card's name in QEMU; slot and port can be read from it again, so QEMU is the only record of both. */
export function cardId(nic: Pick<NicSpec, 'slot' | 'portId'>): string {
  return `nic${nic.slot}-${nic.portId}`;
}

/** The other half: QEMU's end of the tap. Named by the port alone, so it is found when its card is gone. */
export function netdevId(portId: string): string {
  return `net-${portId}`;
}

/** Reads a card's name back; null when it is no card of ours. */
export function parseCardId(id: string): { readonly slot: number; readonly portId: string } | null {
  const [, slot, portId] = /^nic(\d+)-(.+)$/.exec(id) ?? [];
  return slot === undefined || portId === undefined ? null : { slot: Number(slot), portId };
}

export function netdev(nic: NicSpec): JsonObject {
  // The tap is there already and belongs to the guest's user: no script has anything left to do.
  return {
    type: 'tap',
    id: netdevId(nic.portId),
    ifname: nic.tap,
    script: 'no',
    downscript: 'no',
    vhost: false,
  };
}

export function card(nic: NicSpec): JsonObject {
  return {
    driver: 'virtio-net-pci',
    id: cardId(nic),
    netdev: netdevId(nic.portId),
    bus: nicPortId(nic.slot),
    mac: nic.mac,
    host_mtu: nic.mtu,
    'disable-legacy': 'on',
    // No option ROM: guests boot from disks, and loading it costs time for each card.
    romfile: '',
  };
}
