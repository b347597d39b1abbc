/** What a guest says of its network cards. */
import type { Clients } from './clients.ts';

export type GuestNic = {
  /** As the guest names it. */
  readonly name: string;
  readonly mac: string;
  /** Its PCI address, such as `0000:02:00.0`. */
  readonly pci: string;
};

/** Finds every card, also those that were moved to a namespace in the guest, in the order of PCI addresses. */
const LIST = [
  'show() { for d in /sys/class/net/*/device; do n=${d%/device}; p=$(readlink -f $d);',
  'p=${p%/virtio*}; echo "nic ${n##*/} $(cat $n/address) ${p##*/}"; done; }; show;',
  'for ns in $(ip netns list | cut -d" " -f1); do ip netns exec $ns sh -c',
  "'for n in $(ls /sys/class/net); do [ -e /sys/class/net/$n/device ] || continue; p=$(readlink -f /sys/class/net/$n/device);",
  'p=${p%/virtio*}; echo "nic $n $(cat /sys/class/net/$n/address) ${p##*/}"; done\'; done',
].join(' ');

export async function nicsInGuest(clients: Clients, server: string): Promise<readonly GuestNic[]> {
  const said = await clients.inGuest(server, LIST);
  return said
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([tag]) => tag === 'nic')
    .map(([, name = '', mac = '', pci = '']) => ({ name, mac, pci }))
    .sort((one, other) => one.pci.localeCompare(other.pci));
}

/**
 * A script that gives cards, found by their MACs, a namespace each with an address: their traffic cannot take another
 * way. (A card's name depends on which names were free when it was plugged.)
 */
export function apartScript(
  cards: readonly { readonly namespace: string; readonly mac: string; readonly ip: string }[],
): string {
  const find =
    'dev() { for n in /sys/class/net/*; do if [ "$(cat $n/address)" = "$1" ]; then echo ${n##*/}; fi; done; }';
  const moves = cards.map(
    ({ namespace, mac, ip }) =>
      `d=$(dev ${mac}) && ip netns add ${namespace} && ip link set $d netns ${namespace} && ` +
      `ip -n ${namespace} addr add ${ip}/24 dev $d && ip -n ${namespace} link set $d up`,
  );
  return `${find}; ${moves.join(' && ')}`;
}
