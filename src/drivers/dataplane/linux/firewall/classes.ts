/** Ports that are limited alike share a chain: what a frame goes through before its port's mode is looked at. */
import type { PacketRate, StormControl } from '#base/host/firewall.ts';
import type { ChainItem, SetItem } from './contents.ts';
import { chainOf } from './items.ts';
import { QUARANTINED } from './frame-chains.ts';

/** How a port's frames begin: as the chain of its mode is called. */
export type FromMode = 'strict' | 'l2' | 'open';

export type SenderClass = { readonly chain: ChainItem; readonly sets: readonly SetItem[] };

const KINDS = {
  broadcast: 'ether daddr ff:ff:ff:ff:ff:ff',
  multicast:
    'ether daddr != ff:ff:ff:ff:ff:ff ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00',
  // What no port of the network has and nobody was heard to use would go to every port.
  unknown:
    'ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 meta mark . ether daddr != @learned',
} as const;

/** The chain for the frames of ports with this mode and these limits, and the sets that count them. */
export function senderClass(mode: FromMode, storm: StormControl): SenderClass {
  const rates = [
    ['broadcast', storm.broadcast],
    ['multicast', storm.multicast],
    ['unknown', storm.unknownUnicast],
  ] as const;
  const sets: SetItem[] = [];
  const rules = [
    // No other port is ever cut.
    ...(storm.loopAction === 'quarantine' ? [`iifname @${QUARANTINED} goto cut-from`] : []),
    'meta mark set iifname map @networks',
    `meta mark . ether daddr @owned goto from-${mode}`,
  ];
  for (const [kind, rate] of rates) {
    if (rate === null) continue;
    const name = `${kind}-${sayRate(rate)}`;
    const text = 'type ifname; size 65535; flags dynamic,timeout; timeout 1m;';
    sets.push({ kind: 'set', table: 'ports', name, text });
    // nft wants a burst of at least one packet, and the first packet of all is that one.
    const burst = Math.max(1, rate.burst);
    const limit = `limit rate over ${rate.rate}/second burst ${burst} packets`;
    rules.push(`${KINDS[kind]} update @${name} { iifname ${limit} } goto storm`);
  }
  rules.push(`goto from-${mode}`);
  const limits = rates.map(([, rate]) => sayRate(rate));
  const name = ['from', mode, ...limits, ...(storm.loopAction === 'quarantine' ? ['cut'] : [])];
  return {
    chain: chainOf(
      'ports',
      name.join('-'),
      rules.map((text) => ({ text, note: '' })),
    ),
    sets,
  };
}

/** The chain that cuts a port which loops, for so long. */
export function quarantineChain(holdSeconds: number): ChainItem {
  const hold = holdSeconds === 0 ? '' : ` timeout ${holdSeconds}s`;
  const rules = [`add @${QUARANTINED} { iifname${hold} } goto cut-from`];
  return chainOf(
    'ports',
    `quarantine-${holdSeconds}`,
    rules.map((text) => ({ text, note: '' })),
  );
}

function sayRate(rate: PacketRate | null): string {
  return rate === null ? 'off' : `${rate.rate}.${rate.burst}`;
}
