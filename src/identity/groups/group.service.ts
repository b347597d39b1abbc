/** What can be done with groups and their members. Authorises, gathers facts, writes once. */
import type { Context } from '#platform/context.ts';
import type { Target } from '#platform/policy/check-string.ts';
import type { Tx } from '#platform/db/tables.ts';
import { checkSameId, extraOf, overlaid } from '../attributes.ts';
import { DEFAULT_DOMAIN } from '../bootstrap/bootstrap.service.ts';
import type { IdentityCore } from '../identity-core.ts';
import { duplicateName, invalid, notFound } from '../identity.faults.ts';
import { where, type Listed, type Listing } from '../listing.ts';
import { findProject } from '../projects/project.store.ts';
import { revokeTokens } from '../tokens/revocations.ts';
import { userTarget } from '../users/user-target.ts';
import { findUser, listGroupMembers, type UserRow } from '../users/user.store.ts';
import { GROUP_ATTRIBUTES, type GroupCreate, type GroupUpdate } from './group.schema.ts';
import * as store from './group.store.ts';

export class GroupService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, listing: Listing): Promise<Listed<store.GroupRow>> {
    const { db, policy } = this.#core;
    policy.authorize(ctx, 'identity:list_groups', { 'target.group.domain_id': ctx.domainId });
    const seen = ctx.domainId === '' ? listing : where(listing, 'domain_id', ctx.domainId);
    return await store.listGroups(db, seen);
  }

  async listOfUser(
    ctx: Context,
    userId: string,
    listing: Listing,
  ): Promise<Listed<store.GroupRow>> {
    const { db, policy } = this.#core;
    const user = await findUser(db, userId);
    policy.authorize(ctx, 'identity:list_groups_for_user', userTarget(user));
    if (!user) throw notFound('user', userId);
    return await store.listGroupsOfUser(db, userId, listing);
  }

  async show(ctx: Context, id: string): Promise<store.GroupRow> {
    return await this.#authorized(ctx, 'identity:get_group', id);
  }

  async create(ctx: Context, wanted: GroupCreate): Promise<store.GroupRow> {
    const { db, policy, writes, newId } = this.#core;
    const domain_id = wanted.domain_id ?? (ctx.domainId || DEFAULT_DOMAIN);
    policy.authorize(ctx, 'identity:create_group', { 'target.group.domain_id': domain_id });
    if ((await findProject(db, domain_id))?.is_domain !== 1) throw notFound('domain', domain_id);
    const name = wanted.name.trim();
    return await writes.run(async (tx) => {
      await this.#checkNameFree(tx, { id: '', name, domain_id });
      return await store.insertGroup(tx, {
        id: newId(),
        domain_id,
        name,
        description: wanted.description ?? '',
        extra: JSON.stringify(extraOf(wanted, GROUP_ATTRIBUTES)),
      });
    });
  }

  async update(ctx: Context, id: string, change: GroupUpdate): Promise<store.GroupRow> {
    const group = await this.#authorized(ctx, 'identity:update_group', id);
    checkSameId(change, id);
    if (change.domain_id !== undefined && change.domain_id !== group.domain_id) {
      throw invalid('Cannot change Domain ID');
    }
    const name = change.name?.trim() ?? group.name;
    return await this.#core.writes.run(async (tx) => {
      if (name !== group.name) await this.#checkNameFree(tx, { ...group, name });
      return await store.updateGroup(tx, id, {
        name,
        extra: JSON.stringify(overlaid(group.extra, extraOf(change, GROUP_ATTRIBUTES))),
        ...(change.description !== undefined && { description: change.description ?? '' }),
      });
    });
  }

  async delete(ctx: Context, id: string): Promise<void> {
    await this.#authorized(ctx, 'identity:delete_group', id);
    await this.#core.writes.run(async (tx) => {
      const members = await store.memberIds(tx, id);
      const heldRoles = await store.deleteGroup(tx, id);
      if (!heldRoles) return;
      for (const userId of members) await revokeTokens(this.#core, tx, 'user', userId);
    });
  }

  async members(ctx: Context, id: string, listing: Listing): Promise<Listed<UserRow>> {
    await this.#authorized(ctx, 'identity:list_users_in_group', id);
    return await listGroupMembers(this.#core.db, id, listing);
  }

  async checkMember(ctx: Context, id: string, userId: string): Promise<void> {
    await this.#authorizedMember(ctx, 'identity:check_user_in_group', id, userId);
    if (await store.isMember(this.#core.db, id, userId)) return;
    // compat: keystone says which user is not there, and not where.
    throw notFound('user', userId);
  }

  async addMember(ctx: Context, id: string, userId: string): Promise<void> {
    await this.#authorizedMember(ctx, 'identity:add_user_to_group', id, userId);
    await this.#core.writes.run(async (tx) => await store.insertMember(tx, id, userId));
  }

  async removeMember(ctx: Context, id: string, userId: string): Promise<void> {
    await this.#authorizedMember(ctx, 'identity:remove_user_from_group', id, userId);
    if (!(await store.isMember(this.#core.db, id, userId))) throw notFound('user', userId);
    await this.#core.writes.run(async (tx) => {
      await store.deleteMember(tx, id, userId);
      await revokeTokens(this.#core, tx, 'user', userId);
    });
  }

  async #authorized(ctx: Context, rule: string, id: string): Promise<store.GroupRow> {
    const { db, policy } = this.#core;
    const group = await store.findGroup(db, id);
    policy.authorize(ctx, rule, groupTarget(group));
    if (!group) throw notFound('group', id);
    return group;
  }

  async #authorizedMember(ctx: Context, rule: string, id: string, userId: string): Promise<void> {
    const { db, policy } = this.#core;
    const group = await store.findGroup(db, id);
    const user = await findUser(db, userId);
    policy.authorize(ctx, rule, { ...groupTarget(group), ...userTarget(user) });
    if (!group) throw notFound('group', id);
    if (!user) throw notFound('user', userId);
  }

  async #checkNameFree(
    tx: Tx,
    group: { id: string; name: string; domain_id: string },
  ): Promise<void> {
    const other = await store.findGroupByName(tx, group.name, group.domain_id);
    if (other && other.id !== group.id) throw duplicateName('group', group.name, group.domain_id);
  }
}

function groupTarget(group: store.GroupRow | undefined): Target {
  return group ? { 'target.group.id': group.id, 'target.group.domain_id': group.domain_id } : {};
}
