/** What is in the firewall's two tables beside what never changes: sets, their elements, and chains of rules. */

/** `ports` holds what is decided by frames and ports, `groups` what is decided by flows. */
export type TableName = 'ports' | 'groups';

/** A set or map that comes and goes. `text` is what stands between its braces. */
export type SetItem = {
  readonly kind: 'set' | 'map';
  readonly table: TableName;
  readonly name: string;
  readonly text: string;
};

export type ElementItem = {
  readonly table: TableName;
  readonly set: string;
  readonly key: string;
  /** What a map says of the key; '' in a set. */
  readonly data: string;
};

export type ChainItem = {
  readonly table: TableName;
  readonly name: string;
  /** Null when only the digest is known: read from the kernel. */
  readonly rules: readonly Rule[] | null;
  readonly digest: string;
};

/** A rule, and what a person who lists the rules should know of it: `''` for nothing. */
export type Rule = { readonly text: string; readonly note: string };

/** What one port, network, group, member or address group needs there. Parts may share items. */
export type Part = {
  readonly sets: readonly SetItem[];
  readonly chains: readonly ChainItem[];
  readonly elements: readonly ElementItem[];
};

/** What has to be done to the tables. */
export type Delta = {
  readonly addSets: readonly SetItem[];
  readonly addChains: readonly ChainItem[];
  readonly changeChains: readonly ChainItem[];
  readonly addElements: readonly ElementItem[];
  readonly removeElements: readonly ElementItem[];
  readonly removeChains: readonly ChainItem[];
  readonly removeSets: readonly SetItem[];
};

type Counted<T> = { readonly item: T; readonly count: number };
type Items<T> = Map<string, Counted<T>>;

/**
 * Knows what is in the tables, and for whom: an item is there as long as one part needs it. So a change costs what
 * it changes, and not what else there is.
 */
export class Ledger {
  readonly #parts = new Map<string, Part>();
  readonly #sets: Items<SetItem> = new Map();
  readonly #chains: Items<ChainItem> = new Map();
  readonly #elements: Items<ElementItem> = new Map();

  has(owner: string): boolean {
    return this.#parts.has(owner);
  }

  owners(): readonly string[] {
    return [...this.#parts.keys()];
  }

  /** What has to be done so that these parts are as said; null for one that goes. Changes nothing here. */
  plan(changes: ReadonlyMap<string, Part | null>): Delta {
    const sets = shift(this.#sets, this.#before(changes, 'sets'), after(changes, 'sets'), setId);
    const chains = shift(
      this.#chains,
      this.#before(changes, 'chains'),
      after(changes, 'chains'),
      chainId,
    );
    const elements = shift(
      this.#elements,
      this.#before(changes, 'elements'),
      after(changes, 'elements'),
      elementId,
    );
    const renewed = elements.changed.filter(([was, is]) => was.data !== is.data);
    return {
      addSets: sets.added,
      removeSets: sets.removed,
      addChains: chains.added,
      changeChains: chains.changed
        .filter(([was, is]) => was.digest !== is.digest)
        .map(([, is]) => is),
      removeChains: chains.removed,
      addElements: [...elements.added, ...renewed.map(([, is]) => is)],
      removeElements: [...elements.removed, ...renewed.map(([was]) => was)],
    };
  }

  /** Takes over a change that was made. */
  settle(changes: ReadonlyMap<string, Part | null>): void {
    for (const [owner, part] of changes) {
      const before = this.#parts.get(owner);
      for (const item of part?.sets ?? []) count(this.#sets, setId(item), item, 1);
      for (const item of part?.chains ?? []) count(this.#chains, chainId(item), item, 1);
      for (const item of part?.elements ?? []) count(this.#elements, elementId(item), item, 1);
      for (const item of before?.sets ?? []) count(this.#sets, setId(item), null, -1);
      for (const item of before?.chains ?? []) count(this.#chains, chainId(item), null, -1);
      for (const item of before?.elements ?? []) count(this.#elements, elementId(item), null, -1);
      if (part === null) this.#parts.delete(owner);
      else this.#parts.set(owner, part);
    }
  }

  /** True when the tables hold just what this ledger says. */
  matches(found: Part): boolean {
    return (
      same(this.#sets, found.sets, setId, () => true) &&
      same(this.#chains, found.chains, chainId, (a, b) => a.digest === b.digest) &&
      same(this.#elements, found.elements, elementId, (a, b) => a.data === b.data)
    );
  }

  #before<K extends keyof Part>(changes: ReadonlyMap<string, unknown>, kind: K): Part[K][number][] {
    const items: Part[K][number][] = [];
    for (const owner of changes.keys()) items.push(...(this.#parts.get(owner)?.[kind] ?? []));
    return items;
  }
}

/** True when something goes or is another: what was passed before may be forbidden after. */
export function narrows(delta: Delta): boolean {
  return delta.changeChains.length + delta.removeChains.length + delta.removeElements.length > 0;
}

function after<K extends keyof Part>(
  changes: ReadonlyMap<string, Part | null>,
  kind: K,
): Part[K][number][] {
  const items: Part[K][number][] = [];
  for (const part of changes.values()) items.push(...(part?.[kind] ?? []));
  return items;
}

type Shift<T> = {
  readonly added: readonly T[];
  readonly removed: readonly T[];
  readonly changed: readonly (readonly [T, T])[];
};

/** Of the items that go and come, those of which the first comes, the last goes, or which are others now. */
function shift<T>(
  there: Items<T>,
  going: readonly T[],
  coming: readonly T[],
  idOf: (item: T) => string,
): Shift<T> {
  const moves = new Map<string, { by: number; is: T | undefined }>();
  const moveOf = (id: string) => {
    let move = moves.get(id);
    if (move === undefined) moves.set(id, (move = { by: 0, is: undefined }));
    return move;
  };
  for (const item of going) moveOf(idOf(item)).by -= 1;
  for (const item of coming) {
    const move = moveOf(idOf(item));
    move.by += 1;
    move.is = item;
  }
  const added: T[] = [];
  const removed: T[] = [];
  const changed: (readonly [T, T])[] = [];
  for (const [id, { by, is }] of moves) {
    const has = there.get(id);
    if (has === undefined) {
      if (is !== undefined) added.push(is);
    } else if (has.count + by <= 0) removed.push(has.item);
    else if (is !== undefined) changed.push([has.item, is]);
  }
  return { added, removed, changed };
}

function count<T>(items: Items<T>, id: string, item: T | null, by: number): void {
  const has = items.get(id);
  const now = (has?.count ?? 0) + by;
  const kept = item ?? has?.item;
  if (now <= 0 || kept === undefined) items.delete(id);
  else items.set(id, { item: kept, count: now });
}

function same<T>(
  there: Items<T>,
  found: readonly T[],
  idOf: (item: T) => string,
  equal: (a: T, b: T) => boolean,
): boolean {
  if (there.size !== found.length) return false;
  return found.every((item) => {
    const has = there.get(idOf(item));
    return has !== undefined && equal(has.item, item);
  });
}

function setId(item: SetItem): string {
  return `${item.table} ${item.name}`;
}

function chainId(item: ChainItem): string {
  return `${item.table} ${item.name}`;
}

function elementId(item: ElementItem): string {
  return `${item.table} ${item.set} ${item.key}`;
}
