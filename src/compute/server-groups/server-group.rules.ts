/** Which hosts a server's group lets it be on, and which of them it likes best. Pure. */
import type { ServerGroupPolicy } from '#platform/db/tables/compute-server-groups.ts';

/** What a group asks of the host of one more server. */
export type GroupWish = {
  readonly policy: ServerGroupPolicy;
  /** How many of the group a host may have, for `anti-affinity`. */
  readonly maxPerHost: number;
  /** How many of the group's other servers each host has. */
  readonly members: ReadonlyMap<string, number>;
};

export function groupAllows(wish: GroupWish, host: string): boolean {
  const here = wish.members.get(host) ?? 0;
  switch (wish.policy) {
    case 'affinity':
      return wish.members.size === 0 || here > 0;
    case 'anti-affinity':
      return here < wish.maxPerHost;
    case 'soft-affinity':
    case 'soft-anti-affinity':
      return true;
  }
}

/** The higher, the better. */
export function groupPreference(wish: GroupWish, host: string): number {
  const here = wish.members.get(host) ?? 0;
  switch (wish.policy) {
    case 'soft-affinity':
      return here;
    case 'soft-anti-affinity':
      return -here;
    case 'affinity':
    case 'anti-affinity':
      return 0;
  }
}
