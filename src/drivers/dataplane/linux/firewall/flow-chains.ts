/** How a packet's flow is judged: where flows are known, who judges them, and how long that is remembered. */
import { bridgeField, tableOf, type Engine } from './engine.ts';
import { FORGED, IN, OUT } from './marks.ts';
import type { Skeleton, SkeletonChain } from './skeleton.ts';

/** What is there whatever the engine is and whichever flows are remembered. */
export const FLOWS_ALWAYS: Skeleton = {
  sets: [
    { kind: 'map', name: 'zones', text: 'typeof iifname : ct zone;' },
    /** By marks of ports: the chain that judges what comes from it, and what goes to it. */
    { kind: 'map', name: 'judges', text: 'type mark : verdict;' },
    /** Marks of a port, beside the mark of flows that it began. */
    { kind: 'set', name: 'beginners', text: 'type mark . mark;' },
    /** Others that have sent what the beginner of a flow sends: who routes it, or took its address over. */
    {
      kind: 'set',
      name: 'carriers',
      text: 'typeof ct id . meta mark; size 65535; flags dynamic,timeout; timeout 10m;',
      dynamic: true,
    },
  ],
  chains: [
    {
      name: 'passed',
      rules: [
        `meta mark & 1 == 1 meta mark set ${IN} accept`,
        'ct direction original goto began',
        `meta mark set ${OUT} accept`,
      ],
    },
    {
      // Who has sent this way may have answers. For others they are none, whoever spoke in their name.
      name: 'began',
      rules: [
        'ct mark 0 ct mark set meta mark',
        `meta mark . ct mark @beginners meta mark set ${OUT} accept`,
        'meta mark set meta mark | 1 update @carriers { ct id . meta mark }',
        `meta mark set ${OUT} accept`,
      ],
    },
    { name: 'forged', rules: [`meta mark set ${FORGED} accept`] },
    { name: 'pass', rules: [] },
  ],
};

/** The same with base chains. */
export function flowSkeleton(engine: Engine): Skeleton {
  return { ...FLOWS_ALWAYS, chains: [...FLOWS_ALWAYS.chains, ...baseChains(engine)] };
}

/** Base chains: their rules name the engine's fields, or the flows that are remembered. */
function baseChains(engine: Engine): readonly SkeletonChain[] {
  return [
    {
      name: 'zone',
      // Before fragments are put together: those of two networks never are.
      hook: 'type filter hook prerouting priority -450; policy accept;',
      rules: [`ct zone set ${bridgeField(engine)} map @zones`],
    },
    {
      name: 'from-guests',
      hook: 'type filter hook prerouting priority -150; policy accept;',
      rules: [],
    },
    {
      name: 'to-guests',
      hook: 'type filter hook forward priority 0; policy accept;',
      rules: [],
    },
  ];
}

/** DCCP and UDP-Lite: newer kernels take all their packets between two addresses for one flow. */
export const UNTRACKED_PORTS: readonly number[] = [33, 136];

/** Ids are short: somebody with time could find two flows with one. So ports are part of it. */
const FLOWS = 'ct id . ct direction . meta mark . @th,0,32';
/** TCP, UDP and SCTP: what others have at the place of ports is different in each packet. */
const REMEMBERED = '{ 6, 17, 132 }';

/**
 * Flows that the groups have let through are remembered, by port and direction, until the rules become narrower:
 * then all are forgotten in the same transaction, and judged again by their next packet.
 */
export function rememberFlows(generation: number, engine: Engine): string {
  const table = tableOf('groups', engine);
  const flows = flowsName(generation);
  const lines = [
    `add set ${table} ${flows} { typeof ${FLOWS}; size 65535; flags dynamic,timeout; timeout 1m; }`,
  ];
  for (const { name, rules } of chainsThatRemember(flows)) {
    lines.push(`flush chain ${table} ${name}`);
    for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The chains that name the set of flows, and so are written anew with each. */
export function chainsThatRemember(flows: string): readonly SkeletonChain[] {
  const known = (mark: number) => `${FLOWS} @${flows} meta mark set ${mark} accept`;
  return [
    { name: 'from-guests', rules: [known(OUT), 'meta mark vmap @judges'] },
    { name: 'to-guests', rules: [known(IN), 'meta mark vmap @judges'] },
    {
      name: 'pass',
      rules: [`meta l4proto ${REMEMBERED} update @${flows} { ${FLOWS} }`, 'goto passed'],
    },
  ];
}

export function forgetFlows(generation: number, engine: Engine): string {
  return `delete set ${tableOf('groups', engine)} ${flowsName(generation)}\n`;
}

const FLOWS_PREFIX = 'flows-';

function flowsName(generation: number): string {
  return `${FLOWS_PREFIX}${generation}`;
}

/** The generation of a set of flows; undefined for any other set. */
export function generationOf(set: string): number | undefined {
  if (!set.startsWith(FLOWS_PREFIX)) return undefined;
  const generation = Number(set.slice(FLOWS_PREFIX.length));
  return Number.isSafeInteger(generation) ? generation : undefined;
}
