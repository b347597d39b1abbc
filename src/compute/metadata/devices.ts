/** Where in a guest a server's tagged cards are found. */
import type { InterfaceRow } from '../interfaces/interface.store.ts';

/** The card of slot n sits alone behind the n-th root port, so that bus n+1 is its own. */
export function pciAddressOf(slot: number): string {
  return `0000:${(slot + 1).toString(16).padStart(2, '0')}:00.0`;
}

export function tagsOfDevices(
  cards: readonly Pick<InterfaceRow, 'slot' | 'mac' | 'tag'>[],
): readonly { readonly slot: number; readonly mac: string; readonly tag: string }[] {
  return cards.flatMap(({ slot, mac, tag }) => (tag === null ? [] : [{ slot, mac, tag }]));
}
