/** What is known of an agent, and the lists that are made in memory. Pure. */
import { pythonStr } from '#base/text/python.ts';

type AgentType = 'Linux bridge agent' | 'DHCP agent' | 'L3 agent';

/** What Neutron's agents of these types are called, and on which subject they listen. */
export const AGENT_KINDS: Readonly<
  Record<AgentType, { readonly topic: string; readonly zone: string | null }>
> = {
  'Linux bridge agent': { topic: 'N/A', zone: null },
  'DHCP agent': { topic: 'dhcp_agent', zone: 'nova' },
  'L3 agent': { topic: 'l3_agent', zone: 'nova' },
};

export const AGENT_TYPES = Object.keys(AGENT_KINDS) as readonly AgentType[];

/** compat: agents write their times without a `T`. */
export function agentTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

type Member = Readonly<Record<string, unknown>> & { readonly id: string };

/** Members of which every filtered attribute has one of the values asked for. */
export function filterMembers<M extends object>(
  members: readonly M[],
  filters: readonly { readonly name: string; readonly values: readonly unknown[] }[],
): readonly M[] {
  return members.filter((member) =>
    filters.every(({ name, values }) => values.includes(Reflect.get(member, name))),
  );
}

/** One page, in order. */
export function pageOfMembers<M extends Member>(
  members: readonly M[],
  page: {
    readonly limit: number | null;
    readonly marker: string | null;
    readonly reverse: boolean;
    readonly sort: readonly { readonly key: string; readonly dir: 'asc' | 'desc' }[];
  },
): readonly M[] {
  const sorted = members.toSorted((one, other) => {
    for (const { key, dir } of [...page.sort, { key: 'id', dir: 'asc' as const }]) {
      const [a, b] = [pythonStr(one[key]), pythonStr(other[key])];
      if (a !== b) return a < b === (dir === 'asc') ? -1 : 1;
    }
    return 0;
  });
  const limit = page.limit ?? sorted.length;
  const at = sorted.findIndex((member) => member.id === page.marker);
  if (page.reverse && at >= 0) return sorted.slice(Math.max(0, at - limit), at);
  return sorted.slice(at + 1, at + 1 + limit);
}
