/** Makes items of the firewall's tables. */
import { createHash } from 'node:crypto';
import type { ChainItem, ElementItem, Part, Rule, TableName } from './contents.ts';

export const NO_PART: Part = { sets: [], chains: [], elements: [] };

export function chainOf(table: TableName, name: string, rules: readonly Rule[]): ChainItem {
  return { table, name, rules, digest: digestOf(rules) };
}

/** Stands in the comment of a chain's first rule, so that it can be read again from the kernel. */
function digestOf(rules: readonly Rule[]): string {
  if (rules.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 16);
}

export function elementOf(
  table: TableName,
  set: string,
  key: readonly string[],
  data = '',
): ElementItem {
  return { table, set, key: key.join(' . '), data };
}

export function quoted(name: string): string {
  return `"${name}"`;
}

/** Many parts as one. */
export function joinParts(parts: readonly Part[]): Part {
  return {
    sets: parts.flatMap((part) => part.sets),
    chains: parts.flatMap((part) => part.chains),
    elements: parts.flatMap((part) => part.elements),
  };
}
