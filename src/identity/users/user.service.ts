/** What can be done with users. Authorises, gathers facts, applies the rules, writes once. */
import type { Context } from '#platform/context.ts';
import { flag, type Tx } from '#platform/db/tables.ts';
import { checkSameId, extraOf, merged, overlaid, readObject } from '../attributes.ts';
import { DEFAULT_DOMAIN } from '../bootstrap/bootstrap.service.ts';
import type { IdentityCore } from '../identity-core.ts';
import {
  duplicateName,
  invalid,
  notFound,
  passwordLocked,
  passwordTooLong,
  unauthorized,
} from '../identity.faults.ts';
import { where, type Listed, type Listing } from '../listing.ts';
import { findProject } from '../projects/project.store.ts';
import { reachesSystem } from '../role-assignments/reachable.store.ts';
import { PASSWORD_LENGTH } from '../schema.ts';
import type { PasswordCheck } from '../tokens/password-check.ts';
import type { PasswordHasher } from '../tokens/password-hash.ts';
import { revokeTokens } from '../tokens/revocations.ts';
import { userTarget } from './user-target.ts';
import {
  USER_ATTRIBUTES,
  type PasswordChange,
  type UserCreate,
  type UserUpdate,
} from './user.schema.ts';
import * as store from './user.store.ts';

export type UserServiceDeps = {
  readonly core: IdentityCore;
  readonly hasher: PasswordHasher;
  readonly passwords: PasswordCheck;
};

export class UserService {
  readonly #deps: UserServiceDeps;

  constructor(deps: UserServiceDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, listing: Listing): Promise<Listed<store.UserRow>> {
    const { db, policy } = this.#deps.core;
    policy.authorize(ctx, 'identity:list_users', { 'target.domain_id': ctx.domainId });
    const seen = ctx.domainId === '' ? listing : where(listing, 'domain_id', ctx.domainId);
    return await store.listUsers(db, seen);
  }

  async show(ctx: Context, id: string): Promise<store.UserRow> {
    return await this.#authorized(ctx, 'identity:get_user', id);
  }

  async checkMayListProjects(ctx: Context, id: string): Promise<void> {
    await this.#authorized(ctx, 'identity:list_user_projects', id);
  }

  /** Whether a token for the whole system can be had. */
  async reachesSystem(id: string): Promise<boolean> {
    return await reachesSystem(this.#deps.core.db, id);
  }

  async create(ctx: Context, wanted: UserCreate): Promise<store.UserRow> {
    const { core } = this.#deps;
    const domain_id = wanted.domain_id ?? (ctx.domainId || DEFAULT_DOMAIN);
    core.policy.authorize(ctx, 'identity:create_user', { 'target.user.domain_id': domain_id });
    const domain = await findProject(core.db, domain_id);
    if (domain?.is_domain !== 1) throw notFound('domain', domain_id);
    await this.#checkDefaultProject(wanted.default_project_id);
    const password_hash = await this.#hash(wanted.password);
    const name = wanted.name.trim();
    return await core.writes.run(async (tx) => {
      await this.#checkNameFree(tx, { id: '', name, domain_id });
      return await store.insertUser(tx, {
        id: core.newId(),
        domain_id,
        name,
        enabled: flag(wanted.enabled ?? true),
        default_project_id: wanted.default_project_id ?? null,
        password_hash: password_hash ?? null,
        extra: JSON.stringify(extraOf(wanted, USER_ATTRIBUTES)),
        options: JSON.stringify(merged('{}', wanted.options)),
        created_at: core.now().toISOString(),
      });
    });
  }

  async update(ctx: Context, id: string, change: UserUpdate): Promise<store.UserRow> {
    const { core } = this.#deps;
    const user = await this.#authorized(ctx, 'identity:update_user', id);
    checkSameId(change, id);
    if (change.domain_id !== undefined && change.domain_id !== user.domain_id) {
      throw invalid('Cannot change Domain ID');
    }
    await this.#checkDefaultProject(change.default_project_id);
    const password_hash = await this.#hash(change.password);
    const name = change.name?.trim() ?? user.name;
    return await core.writes.run(async (tx) => {
      if (name !== user.name) await this.#checkNameFree(tx, { ...user, name });
      if (change.enabled === false || password_hash !== undefined) {
        await revokeTokens(core, tx, 'user', id);
      }
      return await store.updateUser(tx, id, {
        name,
        enabled: change.enabled === undefined ? user.enabled : flag(change.enabled),
        extra: JSON.stringify(overlaid(user.extra, extraOf(change, USER_ATTRIBUTES))),
        options: JSON.stringify(merged(user.options, change.options)),
        ...(change.default_project_id !== undefined && {
          default_project_id: change.default_project_id,
        }),
        ...(password_hash !== undefined && { password_hash }),
      });
    });
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { core } = this.#deps;
    await this.#authorized(ctx, 'identity:delete_user', id);
    await core.writes.run(async (tx) => {
      await store.deleteUser(tx, id);
      await revokeTokens(core, tx, 'user', id);
    });
  }

  /** A user's own change: whoever knows the old password may, with a token or without. */
  async changePassword(id: string, change: PasswordChange): Promise<void> {
    const { core, passwords } = this.#deps;
    const user = await store.findUser(core.db, id);
    const old = change.original_password;
    const right = await passwords.matches(id, old, user?.password_hash ?? null);
    if (!user || !right || user.enabled === 0) throw unauthorized('wrong password, or disabled');
    if (readObject(user.options)['lock_password'] === true) throw passwordLocked();
    const password_hash = await this.#hash(change.password);
    await core.writes.run(async (tx) => {
      await store.updateUser(tx, id, { password_hash: password_hash ?? null });
      await revokeTokens(core, tx, 'user', id);
    });
  }

  async #authorized(ctx: Context, rule: string, id: string): Promise<store.UserRow> {
    const { db, policy } = this.#deps.core;
    const user = await store.findUser(db, id);
    policy.authorize(ctx, rule, userTarget(user));
    if (!user) throw notFound('user', id);
    return user;
  }

  /** Undefined when there is nothing to change, null when the user is to have no password. */
  async #hash(password: string | null | undefined): Promise<string | null | undefined> {
    if (password === undefined || password === null) return password;
    if (password.length > PASSWORD_LENGTH) throw passwordTooLong(PASSWORD_LENGTH);
    return await this.#deps.hasher.hash(password);
  }

  /** It need not exist, and the user need not have a role there. */
  async #checkDefaultProject(id: string | null | undefined): Promise<void> {
    if (id === undefined || id === null) return;
    const project = await findProject(this.#deps.core.db, id);
    if (project?.is_domain === 1) {
      throw invalid(`User's default project ID cannot be a domain ID: ${id}`);
    }
  }

  async #checkNameFree(
    tx: Tx,
    user: { id: string; name: string; domain_id: string },
  ): Promise<void> {
    const other = await store.findUserByName(tx, user.name, user.domain_id);
    if (other && other.id !== user.id) throw duplicateName('user', user.name, user.domain_id);
  }
}
