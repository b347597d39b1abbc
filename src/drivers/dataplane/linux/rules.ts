/**
 * Which source MACs may enter from which tap, as one nftables table of family `bridge`.
 *
 * There is one rule in all, and it refuses: what comes from a tap passes when the tap is `open` or
 * when tap and source MAC are together in `macs`. A tap of which nothing is said therefore passes
 * nothing, in whatever order links and elements come and go. A port costs a few set elements.
 */

/** The elements of the table's two sets. */
export type Rules = {
  /** False when the table is missing or is not as we make it. */
  ready: boolean;
  /** Source MACs by tap name. */
  readonly macs: Map<string, ReadonlySet<string>>;
  /** Names of taps from which everything may come. */
  readonly open: Set<string>;
};

/** What one tap should have: null when everything may come from it. */
export type TapRule = { readonly tap: string; readonly macs: readonly string[] | null };

export const TABLE = 'stackyard';

/** The rule's place: before everything else that looks at a bridge's frames. */
const CHAIN = 'sources';

const MAKE_TABLE = `
table bridge ${TABLE}
delete table bridge ${TABLE}
table bridge ${TABLE} {
  set open { type ifname; }
  set macs { type ifname . ether_addr; }
  chain ${CHAIN} {
    type filter hook prerouting priority -300; policy accept;
    iifname "tap*" iifname != @open iifname . ether saddr != @macs counter drop
  }
}
`.trimStart();

/** One transaction for `nft -f -`; empty when everything is as it should be. */
export function planRules(
  wanted: readonly TapRule[],
  absentTaps: readonly string[],
  rules: Rules,
): string {
  const drop = new Elements();
  const add = new Elements();
  for (const tap of absentTaps) {
    if (rules.open.has(tap)) drop.open(tap);
    for (const mac of rules.macs.get(tap) ?? []) drop.mac(tap, mac);
  }
  for (const { tap, macs } of wanted) {
    const had = rules.macs.get(tap);
    const want = new Set(macs);
    if (macs === null && !rules.open.has(tap)) add.open(tap);
    if (macs !== null && rules.open.has(tap)) drop.open(tap);
    for (const mac of had ?? []) if (!want.has(mac)) drop.mac(tap, mac);
    for (const mac of want) if (had?.has(mac) !== true) add.mac(tap, mac);
  }
  // A table that is not as it should be goes with all its elements.
  const start = rules.ready ? drop.text('delete') : MAKE_TABLE;
  return start + add.text('add');
}

/** True when something may come from the tap: without elements it is as good as unplugged. */
export function isRuled(tap: string, rules: Rules): boolean {
  return rules.open.has(tap) || rules.macs.has(tap);
}

/** Keeps the elements in step with a transaction that was made. */
export function settleRules(
  wanted: readonly TapRule[],
  absentTaps: readonly string[],
  rules: Rules,
): void {
  rules.ready = true;
  for (const tap of absentTaps) {
    rules.open.delete(tap);
    rules.macs.delete(tap);
  }
  for (const { tap, macs } of wanted) {
    if (macs === null) rules.open.add(tap);
    else rules.open.delete(tap);
    if (macs === null || macs.length === 0) rules.macs.delete(tap);
    else rules.macs.set(tap, new Set(macs));
  }
}

/** Collects set elements and writes them as at most two statements. */
class Elements {
  readonly #open: string[] = [];
  readonly #macs: string[] = [];

  open(tap: string): void {
    this.#open.push(`"${tap}"`);
  }

  mac(tap: string, mac: string): void {
    this.#macs.push(`"${tap}" . ${mac}`);
  }

  text(verb: 'add' | 'delete'): string {
    return (
      statement(verb, 'open', this.#open.toSorted()) +
      statement(verb, 'macs', this.#macs.toSorted())
    );
  }
}

function statement(verb: string, set: string, elements: readonly string[]): string {
  if (elements.length === 0) return '';
  return `${verb} element bridge ${TABLE} ${set} { ${elements.join(', ')} }\n`;
}

/** What `nft --json list ruleset bridge` prints, of which this is all that is read. */
export type RulesetJson = {
  readonly nftables: readonly {
    readonly set?: {
      readonly table: string;
      readonly name: string;
      readonly elem?: readonly (string | { readonly concat: readonly string[] })[];
    };
    readonly chain?: { readonly table: string; readonly name: string; readonly hook?: string };
    readonly rule?: { readonly table: string; readonly chain: string };
  }[];
};

/** Our sets among all that the kernel has. */
export function readRules(ruleset: RulesetJson): Rules {
  const macs = new Map<string, Set<string>>();
  const open = new Set<string>();
  const found = new Set<string>();
  let rulesInChain = 0;
  for (const { set, chain, rule } of ruleset.nftables) {
    if (set?.table === TABLE) {
      found.add(`set ${set.name}`);
      for (const element of set.elem ?? []) {
        if (typeof element === 'string') {
          if (set.name === 'open') open.add(element);
          continue;
        }
        const [tap = '', mac = ''] = element.concat;
        const known = macs.get(tap) ?? new Set();
        macs.set(tap, known.add(mac));
      }
    }
    if (chain?.table === TABLE && chain.hook === 'prerouting') found.add(`chain ${chain.name}`);
    if (rule?.table === TABLE && rule.chain === CHAIN) rulesInChain += 1;
  }
  const parts = ['set open', 'set macs', `chain ${CHAIN}`];
  const ready = rulesInChain === 1 && parts.every((part) => found.has(part));
  return ready ? { ready, macs, open } : { ready, macs: new Map(), open: new Set() };
}
