/** What went through ports, from the kernel's counters. */
import { NO_DROPS, type PortCounters } from '#base/host/firewall.ts';
import { PORTS_TABLE } from './firewall/engine.ts';
import { readDrops } from './firewall/read-counts.ts';
import { DROPS } from './firewall/frame-chains.ts';
import type { Commands } from './kernel.ts';
import { TAP_PREFIX } from './names.ts';

/** One link as `ip -statistics -json link` prints it, of which this is all that is read. */
type LinkJson = {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly stats64?: Readonly<
    Record<'rx' | 'tx', { readonly packets: number; readonly bytes: number }>
  >;
};

/** By port id, of all ports. */
export async function readCounters(
  commands: Commands,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PortCounters>> {
  const [links, ...drops] = await Promise.all([
    commands.run('ip', ['-statistics', '-json', 'link', 'show'], { signal }),
    ...Object.values(DROPS).map(
      async (set) =>
        await commands.attempt('nft', ['--json', 'list', 'set', ...PORTS_TABLE.split(' '), set], {
          signal,
        }),
    ),
  ]);
  // Before the first port is plugged there are no rules, and so nothing that was dropped.
  const listed = drops.filter(({ code }) => code === 0).map(({ stdout }) => stdout);
  const dropped = readDrops(listed);
  const counters = new Map<string, PortCounters>();
  for (const { ifname, ifalias = '', stats64 } of JSON.parse(links) as LinkJson[]) {
    if (!ifname.startsWith(TAP_PREFIX) || ifalias === '') continue;
    counters.set(ifalias, {
      rxPackets: stats64?.rx.packets ?? 0,
      rxBytes: stats64?.rx.bytes ?? 0,
      txPackets: stats64?.tx.packets ?? 0,
      txBytes: stats64?.tx.bytes ?? 0,
      drops: dropped.get(ifname) ?? NO_DROPS,
    });
  }
  return counters;
}
