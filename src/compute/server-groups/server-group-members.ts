/** Server groups as servers meet them: joined when a server is made, asked when its host is chosen. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { Limits } from '#platform/quota/quota.store.ts';
import type { ServerGroupLookup } from '../compute-deps.ts';
import * as faults from './server-group.faults.ts';
import type { GroupWish } from './server-group.rules.ts';
import { findGroupOf, findServerGroup, insertMembers, listMembers } from './server-group.store.ts';

export class ServerGroupMembers implements ServerGroupLookup {
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  async groupsOf(db: Db, serverId: string): Promise<readonly string[]> {
    const group = await findGroupOf(db, serverId);
    return group ? [group.id] : [];
  }

  async join(
    tx: Tx,
    ctx: Context,
    groupId: string,
    servers: {
      readonly ids: readonly string[];
      readonly limits: Limits;
    },
  ): Promise<void> {
    const group = await findServerGroup(tx, groupId);
    // A group of another project is not told of, or anybody who knows its id could fill it.
    if (!group || !this.#mayUse(ctx, group.project_id)) throw faults.hintedGroupNotFound(groupId);
    const most = servers.limits['server_group_members'] ?? -1;
    // compat: each user of the project may put as many into a group.
    const own = (await listMembers(tx, [groupId])).filter(({ userId }) => userId === ctx.userId);
    if (most >= 0 && own.length + servers.ids.length > most) throw faults.tooManyMembers();
    await insertMembers(tx, groupId, servers.ids);
  }

  async wishOf(db: Db, serverId: string): Promise<GroupWish | null> {
    const group = await findGroupOf(db, serverId);
    if (!group) return null;
    const members = new Map<string, number>();
    for (const member of await listMembers(db, [group.id])) {
      if (member.serverId === serverId || member.host === '') continue;
      members.set(member.host, (members.get(member.host) ?? 0) + 1);
    }
    return { policy: group.policy, maxPerHost: group.max_server_per_host ?? 1, members };
  }

  #mayUse(ctx: Context, projectId: string): boolean {
    return this.#policy.allows(ctx, 'os_compute_api:os-server-groups:show', {
      project_id: projectId,
    });
  }
}
