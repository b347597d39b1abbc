/** Writes a change as one transaction for `nft -f -`. */
import type { ChainItem, Delta, ElementItem, SetItem } from './contents.ts';
import { tableOf, type Engine } from './engine.ts';
import { quoted } from './items.ts';
import { forgetFlows, rememberFlows } from './flow-chains.ts';
import { DROPS, QUARANTINED } from './frame-chains.ts';

export type Transaction = {
  readonly delta: Delta;
  /** From which to which generation of flows to go; null while nothing that passed could be forbidden now. */
  readonly flows: { readonly from: number | null; readonly to: number } | null;
  /** Taps whose quarantine ends. */
  readonly released: readonly string[];
  /** Taps that go, with what was counted of them. */
  readonly gone: readonly string[];
};

/** '' when there is nothing to do. */
export function writeTransaction(transaction: Transaction, engine: Engine): string {
  const { delta, flows, released, gone } = transaction;
  const table = (item: { readonly table: 'ports' | 'groups' }) => tableOf(item.table, engine);
  const lines: string[] = [];
  for (const set of delta.addSets) lines.push(addSet(set, table(set)));
  for (const chain of delta.addChains) lines.push(`add chain ${table(chain)} ${chain.name}`);
  for (const chain of [...delta.changeChains, ...delta.removeChains]) {
    lines.push(`flush chain ${table(chain)} ${chain.name}`);
  }
  lines.push(...elementLines('delete', delta.removeElements, engine));
  for (const chain of [...delta.addChains, ...delta.changeChains]) {
    lines.push(...ruleLines(chain, table(chain)));
  }
  lines.push(...elementLines('add', delta.addElements, engine));
  for (const chain of delta.removeChains) lines.push(`delete chain ${table(chain)} ${chain.name}`);
  for (const set of delta.removeSets) lines.push(`delete ${set.kind} ${table(set)} ${set.name}`);
  lines.push(...without(QUARANTINED, [...new Set([...released, ...gone])], engine));
  for (const set of Object.values(DROPS)) lines.push(...without(set, gone, engine));
  let text = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  if (flows !== null) {
    text += rememberFlows(flows.to, engine);
    if (flows.from !== null) text += forgetFlows(flows.from, engine);
  }
  return text;
}

function addSet(set: SetItem, table: string): string {
  return `add ${set.kind} ${table} ${set.name} { ${set.text} }`;
}

function ruleLines({ name, rules, digest }: ChainItem, table: string): readonly string[] {
  return (rules ?? []).map(({ text, note }, index) => {
    const comment = [index === 0 ? digest : '', note].filter((word) => word !== '').join(' ');
    return `add rule ${table} ${name} ${text}${comment === '' ? '' : ` comment "${comment}"`}`;
  });
}

function elementLines(
  verb: 'add' | 'delete',
  elements: readonly ElementItem[],
  engine: Engine,
): readonly string[] {
  const bySet = Map.groupBy(
    elements,
    (element) => `${tableOf(element.table, engine)} ${element.set}`,
  );
  return [...bySet].map(([set, some]) => {
    const texts = some.map(({ key, data }) =>
      data === '' || verb === 'delete' ? key : `${key} : ${data}`,
    );
    return `${verb} element ${set} { ${texts.join(', ')} }`;
  });
}

/** Packets may have put them there or not: what is added twice is there once. */
function without(set: string, taps: readonly string[], engine: Engine): readonly string[] {
  if (taps.length === 0) return [];
  const elements = `element ${tableOf('ports', engine)} ${set} { ${taps.map(quoted).join(', ')} }`;
  return [`add ${elements}`, `delete ${elements}`];
}
