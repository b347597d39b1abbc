/**
 * What never changes in the firewall's two tables: base chains, the chains of each port mode, and the sets that
 * these look things up in. Ports, groups and members only add elements, chains of groups, and classes.
 */
import { createHash } from 'node:crypto';
import type { TableName } from './contents.ts';
import { tableOf, type Engine } from './engine.ts';
import { chainsThatRemember, FLOWS_ALWAYS, flowSkeleton } from './flow-chains.ts';
import { FRAMES } from './frame-chains.ts';

export type SkeletonSet = {
  readonly kind: 'set' | 'map';
  readonly name: string;
  readonly text: string;
  /** Filled by packets, not by us. */
  readonly dynamic?: true;
};

export type SkeletonChain = {
  readonly name: string;
  /** What a base chain is hooked to. */
  readonly hook?: string;
  readonly rules: readonly string[];
};

export type Skeleton = {
  readonly sets: readonly SkeletonSet[];
  readonly chains: readonly SkeletonChain[];
};

const TABLES = ['ports', 'groups'] as const satisfies readonly TableName[];

function skeletonOf(table: TableName, engine: Engine): Skeleton {
  if (table === 'groups') return flowSkeleton(engine);
  return { ...FRAMES, chains: [...FRAMES.chains, { name: markerOf(engine), rules: [] }] };
}

/** Both tables anew, with no port in them: nothing passes to or from any tap. */
export function makeTables(engine: Engine): string {
  const blocks = TABLES.map((name) => {
    const table = tableOf(name, engine);
    const lines = [`table ${table}`, `delete table ${table}`, `table ${table} {`];
    const { sets, chains } = skeletonOf(name, engine);
    for (const set of sets) lines.push(`  ${set.kind} ${set.name} { ${set.text} }`);
    for (const chain of chains) {
      const body = [...(chain.hook === undefined ? [] : [chain.hook]), ...chain.rules];
      lines.push(`  chain ${chain.name} {`, ...body.map((line) => `    ${line}`), '  }');
    }
    return [...lines, '}', ''].join('\n');
  });
  return blocks.join('');
}

/** How many rules each chain of the skeleton has, by table and name: fewer or more, and somebody was at them. */
export function expectedRules(engine: Engine): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const table of TABLES) {
    for (const { name, rules } of skeletonOf(table, engine).chains) {
      counts.set(`${table} ${name}`, rules.length);
    }
  }
  for (const { name, rules } of chainsThatRemember('flows')) {
    counts.set(`groups ${name}`, rules.length);
  }
  return counts;
}

/** Sets that every table has, by table. */
export function fixedSets(table: TableName): readonly SkeletonSet[] {
  return (table === 'ports' ? FRAMES : FLOWS_ALWAYS).sets;
}

/** An empty chain whose name says with which text the tables were made: those of another version are made anew. */
function markerOf(engine: Engine): string {
  const text = JSON.stringify([FRAMES, flowSkeleton(engine), chainsThatRemember('flows')]);
  return `made-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}
