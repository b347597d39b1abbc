/** Reads what packets have put into the firewall's sets, from what `nft --json list` prints of one or all of them. */
import {
  DROP_REASONS,
  NO_DROPS,
  type DropCount,
  type Drops,
  type StormState,
} from '#base/host/firewall.ts';
import type { RulesetJson } from './read-ruleset.ts';
import { DROPS, LOOPING, QUARANTINED, STATES, STORMING } from './frame-chains.ts';

/** Taps with a state other than `ok`. */
export function readStormStates(text: string): ReadonlyMap<string, StormState> {
  const states = new Map<string, StormState>();
  for (const element of elementsOf(text, STATES)) {
    const [tap, mark] = (valueOf(element) as { concat: readonly [string, number] }).concat;
    if (mark === LOOPING) states.set(tap, 'loop');
    else if (mark === STORMING && !states.has(tap)) states.set(tap, 'storm');
  }
  for (const tap of readQuarantined(text)) states.set(tap, 'quarantined');
  return states;
}

export function readQuarantined(text: string): ReadonlySet<string> {
  return new Set(elementsOf(text, QUARANTINED).map((element) => String(valueOf(element))));
}

/** What was dropped, by tap; from listings that together have all sets of drops. */
export function readDrops(texts: readonly string[]): ReadonlyMap<string, Drops> {
  const drops = new Map<string, Drops>();
  for (const text of texts) {
    for (const reason of DROP_REASONS) {
      for (const element of elementsOf(text, DROPS[reason])) {
        const tap = String(valueOf(element));
        const { packets = 0, bytes = 0 } = (element as CountedJson).elem.counter ?? {};
        drops.set(tap, { ...(drops.get(tap) ?? NO_DROPS), [reason]: { packets, bytes } });
      }
    }
  }
  return drops;
}

/** An element with more to say than its value. */
type CountedJson = {
  readonly elem: { readonly val: unknown; readonly counter?: Partial<DropCount> };
};

function elementsOf(text: string, name: string): readonly unknown[] {
  const { nftables } = JSON.parse(text) as RulesetJson;
  return nftables.find(({ set }) => set?.name === name)?.set?.elem ?? [];
}

function valueOf(element: unknown): unknown {
  const { elem } = element as Partial<CountedJson>;
  return elem === undefined ? element : elem.val;
}
