/** Which host takes a server: filters that say no, one after another, then the host with most room. Pure. */
import type { ProviderUsage } from '#placement/placement-api.ts';
import {
  groupAllows,
  groupPreference,
  type GroupWish,
} from '../server-groups/server-group.rules.ts';

/** A host that has room, with what else is known of it. */
export type HostCandidate = {
  readonly provider: ProviderUsage;
  /** Its agent is connected and it was not forced down. */
  readonly up: boolean;
  readonly disabled: boolean;
  readonly zone: string;
};

export type Wanted = {
  readonly zone: string | null;
  /** The one host that an admin named. */
  readonly host: string | null;
  /** An admin who forces a host passes over everything but room (`zone:host`). */
  readonly forced: boolean;
  /** Servers that it should be on another host than, or on the same as, by their hosts. */
  readonly differentFrom: ReadonlySet<string>;
  readonly sameAs: ReadonlySet<string>;
  /** What its server group asks; null when it is in none. */
  readonly group: GroupWish | null;
};

type Filter = {
  readonly name: string;
  readonly passes: (host: HostCandidate, wanted: Wanted) => boolean;
};

const FILTERS: readonly Filter[] = [
  {
    name: 'NamedHost',
    passes: (host, { host: named }) => named === null || host.provider.name === named,
  },
  { name: 'ComputeFilter', passes: (host, { forced }) => host.up && (forced || !host.disabled) },
  {
    name: 'AvailabilityZoneFilter',
    passes: (host, { zone, forced }) => forced || zone === null || host.zone === zone,
  },
  {
    name: 'DifferentHostFilter',
    passes: (host, { differentFrom }) => !differentFrom.has(host.provider.name),
  },
  {
    name: 'SameHostFilter',
    passes: (host, { sameAs }) => sameAs.size === 0 || sameAs.has(host.provider.name),
  },
  {
    name: 'ServerGroupFilter',
    passes: (host, { group, forced }) =>
      forced || group === null || groupAllows(group, host.provider.name),
  },
];

/** Hosts that would do, best first; and which filter took the last ones away when there are none. */
export function rankHosts(
  candidates: readonly HostCandidate[],
  wanted: Wanted,
): { readonly hosts: readonly HostCandidate[]; readonly lastFilter: string | null } {
  let hosts = candidates;
  for (const { name, passes } of FILTERS) {
    const passed = hosts.filter((host) => passes(host, wanted));
    if (passed.length === 0 && hosts.length > 0) return { hosts: [], lastFilter: name };
    hosts = passed;
  }
  const ranked = hosts
    .map((host) => ({
      host,
      liked: wanted.group ? groupPreference(wanted.group, host.provider.name) : 0,
      free: freeMemory(host.provider),
    }))
    .sort(
      (one, other) =>
        other.liked - one.liked ||
        other.free - one.free ||
        (one.host.provider.name < other.host.provider.name ? -1 : 1),
    );
  return { hosts: ranked.map(({ host }) => host), lastFilter: null };
}

function freeMemory({ inventories, used }: ProviderUsage): number {
  const memory = inventories['MEMORY_MB'];
  if (!memory) return 0;
  return (memory.total - memory.reserved) * memory.allocationRatio - (used['MEMORY_MB'] ?? 0);
}
