/** Server groups: which servers should share a host, and which should not. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { limitsOf, limitsOfUser } from '../quota-defaults.ts';
import * as faults from './server-group.faults.ts';
import type { ServerGroupCreateBody } from './server-group.schema.ts';
import type { ServerGroupRow } from './server-group.store.ts';
import * as store from './server-group.store.ts';

export type ServerGroupServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
  readonly newId: () => string;
};

export type ServerGroup = ServerGroupRow & { readonly members: readonly string[] };

const RULE = 'os_compute_api:os-server-groups';

export class ServerGroupService {
  readonly #deps: ServerGroupServiceDeps;

  constructor(deps: ServerGroupServiceDeps) {
    this.#deps = deps;
  }

  async list(
    ctx: Context,
    page: { readonly limit: number; readonly offset: number; readonly allProjects: boolean },
  ): Promise<readonly ServerGroup[]> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${RULE}:index`);
    // compat: who may not see every project's groups is shown its own.
    const all = page.allProjects && policy.allows(ctx, 'context_is_admin');
    if (all) policy.authorize(ctx, `${RULE}:index:all_projects`);
    const groups = await store.listServerGroups(db, all ? null : ctx.projectId, page);
    return await this.#withMembers(groups);
  }

  async get(ctx: Context, id: string): Promise<ServerGroup> {
    const [group] = await this.#withMembers([await this.#find(ctx, id, 'show')]);
    if (!group) throw faults.groupNotFound(id);
    return group;
  }

  async create(
    ctx: Context,
    { server_group: wanted }: ServerGroupCreateBody,
  ): Promise<ServerGroup> {
    const { db, policy, now, newId } = this.#deps;
    policy.authorize(ctx, `${RULE}:create`);
    const groupPolicy = wanted.policy ?? wanted.policies?.[0] ?? 'affinity';
    const rules = Object.keys(wanted.rules ?? {}).length > 0 ? wanted.rules : undefined;
    const group = await db.transaction().execute(async (tx) => {
      const { projectId, userId } = ctx;
      const most = await limitsOf(tx, projectId);
      const own = await limitsOfUser(tx, projectId, userId);
      const full =
        reached(most.server_groups, await store.countServerGroups(tx, projectId)) ||
        reached(own.server_groups, await store.countServerGroups(tx, projectId, userId));
      if (full) throw faults.tooManyGroups();
      if (rules && groupPolicy !== 'anti-affinity') throw faults.rulesNeedAntiAffinity();
      return await store.insertServerGroup(tx, {
        id: newId(),
        project_id: ctx.projectId,
        user_id: ctx.userId,
        name: wanted.name,
        policy: groupPolicy,
        max_server_per_host:
          rules?.max_server_per_host === undefined ? null : Number(rules.max_server_per_host),
        created_at: now().toISOString(),
      });
    });
    return { ...group, members: [] };
  }

  async delete(ctx: Context, id: string): Promise<void> {
    await this.#find(ctx, id, 'delete');
    const { db } = this.#deps;
    await db.transaction().execute(async (tx) => {
      await store.deleteServerGroup(tx, id);
    });
  }

  async #find(ctx: Context, id: string, verb: 'show' | 'delete'): Promise<ServerGroupRow> {
    const { db, policy } = this.#deps;
    const group = await store.findServerGroup(db, id);
    if (!group) throw faults.groupNotFound(id);
    policy.authorize(ctx, `${RULE}:${verb}`, { project_id: group.project_id });
    return group;
  }

  async #withMembers(groups: readonly ServerGroupRow[]): Promise<readonly ServerGroup[]> {
    const ids = groups.map(({ id }) => id);
    const members = await store.listMembers(this.#deps.db, ids);
    return groups.map((group) => ({
      ...group,
      members: members
        .filter(({ groupId }) => groupId === group.id)
        .map(({ serverId }) => serverId),
    }));
  }
}

const reached = (limit: number, count: number) => limit >= 0 && count >= limit;
