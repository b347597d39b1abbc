/** What can be done with roles. Authorises, gathers facts, applies the rules, writes once. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import type { Target } from '#platform/policy/check-string.ts';
import { checkSameId, extraOf, isImmutable, merged, overlaid } from '../attributes.ts';
import type { IdentityCore } from '../identity-core.ts';
import { duplicateName, immutable, invalid, notFound } from '../identity.faults.ts';
import { filterValue, where, type Listed, type Listing } from '../listing.ts';
import { findProject } from '../projects/project.store.ts';
import { ROLE_ATTRIBUTES, type RoleCreate, type RoleUpdate } from './role.schema.ts';
import * as store from './role.store.ts';

export class RoleService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, listing: Listing): Promise<Listed<store.RoleRow>> {
    const { db, policy } = this.#core;
    const ofDomain = filterValue(listing, 'domain_id');
    policy.authorize(ctx, ofDomain ? 'identity:list_domain_roles' : 'identity:list_roles');
    return await store.listRoles(db, ofDomain ? listing : where(listing, 'domain_id', null));
  }

  async show(ctx: Context, id: string): Promise<store.RoleRow> {
    return await this.#authorized(ctx, 'get', id);
  }

  async create(ctx: Context, wanted: RoleCreate): Promise<store.RoleRow> {
    const { db, policy, writes, newId } = this.#core;
    const domain_id = wanted.domain_id ?? null;
    policy.authorize(
      ctx,
      domain_id === null ? 'identity:create_role' : 'identity:create_domain_role',
    );
    if (domain_id !== null && (await findProject(db, domain_id))?.is_domain !== 1) {
      throw notFound('domain', domain_id);
    }
    const name = wanted.name.trim();
    return await writes.run(async (tx) => {
      await this.#checkNameFree(tx, { id: '', name, domain_id });
      return await store.insertRole(tx, {
        id: newId(),
        domain_id,
        name,
        description: wanted.description ?? null,
        extra: JSON.stringify(extraOf(wanted, ROLE_ATTRIBUTES)),
        options: JSON.stringify(merged('{}', wanted.options)),
      });
    });
  }

  async update(ctx: Context, id: string, change: RoleUpdate): Promise<store.RoleRow> {
    const role = await this.#authorized(ctx, 'update', id);
    checkSameId(change, id);
    const options = merged(role.options, change.options);
    if (isImmutable(role.options) && options['immutable'] === true) {
      throw immutable('update', 'role', id);
    }
    if (change.domain_id !== undefined && change.domain_id !== role.domain_id) {
      throw invalid('Update of `domain_id` for a role is not permitted.');
    }
    const name = change.name?.trim() ?? role.name;
    return await this.#core.writes.run(async (tx) => {
      if (name !== role.name) await this.#checkNameFree(tx, { ...role, name });
      return await store.updateRole(tx, id, {
        name,
        extra: JSON.stringify(overlaid(role.extra, extraOf(change, ROLE_ATTRIBUTES))),
        options: JSON.stringify(options),
        ...(change.description !== undefined && { description: change.description }),
      });
    });
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const role = await this.#authorized(ctx, 'delete', id);
    if (isImmutable(role.options)) throw immutable('delete', 'role', id);
    await this.#core.writes.run(async (tx) => await store.deleteRole(tx, id));
  }

  async #authorized(
    ctx: Context,
    verb: 'get' | 'update' | 'delete',
    id: string,
  ): Promise<store.RoleRow> {
    const { db, policy } = this.#core;
    const role = await store.findRole(db, id);
    const rule = role?.domain_id ? `identity:${verb}_domain_role` : `identity:${verb}_role`;
    policy.authorize(ctx, rule, roleTarget(role));
    if (!role) throw notFound('role', id);
    return role;
  }

  async #checkNameFree(
    tx: Tx,
    role: { id: string; name: string; domain_id: string | null },
  ): Promise<void> {
    const other = await store.findRoleByName(tx, role.name, role.domain_id);
    if (other && other.id !== role.id) throw duplicateName('role', role.name, role.domain_id);
  }
}

/** Roles as policy rules see them. */
export function roleTarget(role: store.RoleRow | undefined): Target {
  return role
    ? {
        'target.role.id': role.id,
        'target.role.name': role.name,
        'target.role.domain_id': role.domain_id,
      }
    : {};
}
