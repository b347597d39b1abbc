/** What can be done with security groups. */
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tx } from '#platform/db/tables.ts';
import { Fault } from '#platform/fault.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { CreateOf, UpdateOf } from '../attributes/attribute.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { deleteTags, inChunks, tagsOf } from '../attributes/list.store.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import type { Sent } from '../attributes/request-body.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import type { HostSync } from '../network-deps.ts';
import { checkQuotas } from '../quotas/check-quota.ts';
import { deleteSharing, findShared } from '../rbac-policies/rbac-policy.store.ts';
import { ensureDefaultGroup, makeGroup, type Makers } from './port-groups.ts';
import {
  cannotRemoveDefault,
  cannotUpdateDefault,
  securityGroupInUse,
  securityGroupNotFound,
} from './security-group.faults.ts';
import { SECURITY_GROUP } from './security-group.schema.ts';
import { rulesOfGroups } from './security-group-rule.store.ts';
import * as store from './security-group.store.ts';
import type { GroupDetails } from './views.ts';

export type SecurityGroupDeps = Makers & {
  readonly db: Db;
  readonly policy: Policy;
  readonly hosts: Pick<HostSync, 'groupsChanged'>;
};

export type GroupCreate = CreateOf<typeof SECURITY_GROUP>;
export type GroupUpdate = UpdateOf<typeof SECURITY_GROUP>;

export class SecurityGroupService {
  readonly #deps: SecurityGroupDeps;

  constructor(deps: SecurityGroupDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly GroupDetails[]> {
    const { db } = this.#deps;
    await this.ensureDefaultFor(ctx, query);
    const { marker } = query.page;
    const groups = await store.listGroups(db, query, {
      ...whoLooks(ctx),
      marker: marker === null ? undefined : await this.#find(ctx, marker),
    });
    const details = await this.#details(ctx, groups);
    return details.filter((one) => this.#maySee(ctx, one.group, one.shared));
  }

  async get(ctx: Context, id: string): Promise<GroupDetails> {
    const { db } = this.#deps;
    return await this.#show(ctx, db, await this.#find(ctx, id));
  }

  /** Makes one group or several, all or none. */
  async create(
    ctx: Context,
    items: readonly Sent<GroupCreate>[],
  ): Promise<readonly GroupDetails[]> {
    const { db, policy } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      // compat: counted before default groups are there, so the first group of a project is never one too many for it.
      const wanted = items.map(({ values }) => values);
      await checkQuotas(tx, 'security_group', wanted);
      for (const { values, chosen } of items) {
        const target = { project_id: values.project_id, tenant_id: values.project_id };
        authorizeCreate(policy, ctx, SECURITY_GROUP, { target, chosen });
      }
      const made: GroupDetails[] = [];
      for (const values of wanted) made.push(await this.#createOne(ctx, tx, values));
      return made;
    });
  }

  async update(
    ctx: Context,
    id: string,
    { values, chosen }: Sent<GroupUpdate>,
    ifMatch?: number,
  ): Promise<GroupDetails> {
    const { db, hosts, policy, now } = this.#deps;
    const seen = await this.#find(ctx, id);
    authorizeChange(policy, ctx, SECURITY_GROUP, {
      action: 'update',
      target: targetOfGroup(seen),
      chosen,
    });
    const after = await db.transaction().execute(async (tx) => {
      const group = await store.findGroup(tx, id);
      if (!group) throw securityGroupNotFound(id);
      checkRevision(ifMatch, group.revision_number);
      const { stateful } = values;
      const turns = stateful !== undefined && stateful !== (group.stateful === 1);
      if (turns && (await store.isGroupInUse(tx, id))) throw securityGroupInUse(id);
      if (values.name !== undefined && group.is_default === 1) throw cannotUpdateDefault();
      const { name = group.name, description = group.description } = values;
      if (turns || name !== group.name || description !== group.description) {
        await store.updateGroup(tx, id, {
          name,
          description,
          ...(stateful !== undefined && { stateful: flag(stateful) }),
        });
        await store.touchGroup(tx, id, timestamp(now()));
      }
      return await this.#show(ctx, tx, (await store.findGroup(tx, id)) ?? group);
    });
    await hosts.groupsChanged([id]);
    return after;
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, hosts, policy } = this.#deps;
    const seen = await this.#find(ctx, id);
    authorizeChange(policy, ctx, SECURITY_GROUP, {
      action: 'delete',
      target: targetOfGroup(seen),
      chosen: {},
    });
    await db.transaction().execute(async (tx) => {
      const group = await store.findGroup(tx, id);
      if (!group) throw securityGroupNotFound(id);
      checkRevision(ifMatch, group.revision_number);
      if (await store.isGroupInUse(tx, id)) throw securityGroupInUse(id);
      // compat: an administrator may, as when a project is cleaned up; the next need makes another.
      if (group.is_default === 1 && !whoLooks(ctx).everybody) throw cannotRemoveDefault();
      await store.deleteGroup(tx, id);
      await deleteTags(tx, id);
      await deleteSharing(tx, 'security_group', id);
    });
    await hosts.groupsChanged([id]);
  }

  /** Makes the default group of the project that a list is about, so that the list has it. */
  async ensureDefaultFor(ctx: Context, query: ListQuery): Promise<void> {
    const { db } = this.#deps;
    const asked = query.filters.find((filter) => filter.name === 'project_id')?.values[0];
    const projectId = asked === undefined ? ctx.projectId : String(asked);
    if (projectId === '' || (projectId !== ctx.projectId && !whoLooks(ctx).everybody)) return;
    if ((await store.findDefaultGroupId(db, projectId)) !== undefined) return;
    try {
      await db.transaction().execute(async (tx) => {
        await ensureDefaultGroup(tx, projectId, this.#deps);
      });
    } catch (error) {
      // A project that may have no more rules can still look at what it has.
      if (!(error instanceof Fault && error.kind === 'over-quota')) throw error;
    }
  }

  async #createOne(ctx: Context, tx: Tx, values: GroupCreate): Promise<GroupDetails> {
    const projectId = values.project_id;
    await ensureDefaultGroup(tx, projectId, this.#deps);
    const { name, description, stateful } = values;
    const id = await makeGroup(
      tx,
      { projectId, name, description, stateful, isDefault: false },
      this.#deps,
    );
    const group = id === undefined ? undefined : await store.findGroup(tx, id);
    if (!group) throw new Error(`the security group '${name}' was not written`);
    return await this.#show(ctx, tx, group);
  }

  /** A group that the caller may see, or the refusal that it does not exist. */
  async #find(ctx: Context, id: string): Promise<store.SecurityGroupRow> {
    const { db } = this.#deps;
    const { projectId, everybody } = whoLooks(ctx);
    const [group] = await store.findUsableGroups(db, [id], everybody ? null : projectId);
    if (!group || !this.#maySee(ctx, group, group.project_id !== projectId)) {
      throw securityGroupNotFound(id);
    }
    return group;
  }

  #maySee(ctx: Context, group: store.SecurityGroupRow, shared: boolean): boolean {
    return this.#deps.policy.allows(ctx, 'get_security_group', { ...targetOfGroup(group), shared });
  }

  async #show(ctx: Context, db: Db, group: store.SecurityGroupRow): Promise<GroupDetails> {
    const [details] = await this.#details(ctx, [group], db);
    if (!details) throw securityGroupNotFound(group.id);
    return details;
  }

  async #details(
    ctx: Context,
    groups: readonly store.SecurityGroupRow[],
    db: Db = this.#deps.db,
  ): Promise<readonly GroupDetails[]> {
    const ids = groups.map((group) => group.id);
    const rules = await inChunks(ids, async (some) => await rulesOfGroups(db, some));
    const tags = await tagsOf(db, ids);
    const shared = await findShared(db, 'security_group', ids, ctx.projectId);
    return groups.map((group) => ({
      group,
      rules: rules.get(group.id) ?? [],
      tags: tags.get(group.id) ?? [],
      shared: shared.has(group.id),
    }));
  }
}

/** Administrators see every project's groups. */
export function whoLooks(ctx: Context): store.Seen {
  return { projectId: ctx.projectId, everybody: isAdministrator(ctx) };
}

/** Whose a group is, for the policy. */
export function targetOfGroup(group: store.SecurityGroupRow) {
  return { project_id: group.project_id, tenant_id: group.project_id };
}
