/** Roles that come with other roles. */
import type { Context } from '#platform/context.ts';
import type { IdentityCore } from '../identity-core.ts';
import { conflict, impliedRoleNotFound, invalidImpliedRole, notFound } from '../identity.faults.ts';
import { listImplications } from '../role-assignments/scope-roles.store.ts';
import * as store from './role.store.ts';

/** A role and another that it implies. */
export type RolePair = { readonly prior: store.RoleRow; readonly implied: store.RoleRow };

/** A role and all that it implies by itself. */
export type Inference = {
  readonly prior: store.RoleRow;
  readonly implies: readonly store.RoleRow[];
};

export class ImpliedRoleService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async listAll(ctx: Context): Promise<readonly Inference[]> {
    this.#core.policy.authorize(ctx, 'identity:list_role_inference_rules');
    return await this.#inferences();
  }

  async list(ctx: Context, priorId: string): Promise<Inference> {
    const { db, policy } = this.#core;
    policy.authorize(ctx, 'identity:list_implied_roles');
    const prior = await store.findRole(db, priorId);
    if (!prior) throw notFound('role', priorId);
    const known = (await this.#inferences()).find((each) => each.prior.id === priorId);
    return known ?? { prior, implies: [] };
  }

  async get(ctx: Context, rule: string, priorId: string, impliedId: string): Promise<RolePair> {
    const pair = await this.#pair(ctx, rule, priorId, impliedId);
    if (!(await store.isImplied(this.#core.db, priorId, impliedId))) {
      throw impliedRoleNotFound(priorId, impliedId);
    }
    return pair;
  }

  async create(ctx: Context, priorId: string, impliedId: string): Promise<RolePair> {
    const pair = await this.#pair(ctx, 'identity:create_implied_role', priorId, impliedId);
    const { prior, implied } = pair;
    // Whoever may imply `admin` could make an admin of anybody.
    if (implied.name === 'admin') throw invalidImpliedRole(impliedId);
    if (prior.domain_id === null && implied.domain_id !== null) throw invalidImpliedRole(impliedId);
    await this.#core.writes.run(async (tx) => {
      if (await store.isImplied(tx, priorId, impliedId)) {
        throw conflict('implied_role', 'Duplicate entry');
      }
      await store.insertImplication(tx, priorId, impliedId);
    });
    return pair;
  }

  async delete(ctx: Context, priorId: string, impliedId: string): Promise<void> {
    await this.get(ctx, 'identity:delete_implied_role', priorId, impliedId);
    await this.#core.writes.run(
      async (tx) => await store.deleteImplication(tx, priorId, impliedId),
    );
  }

  async #pair(ctx: Context, rule: string, priorId: string, impliedId: string): Promise<RolePair> {
    const { db, policy } = this.#core;
    policy.authorize(ctx, rule);
    const prior = await store.findRole(db, priorId);
    if (!prior) throw notFound('role', priorId);
    const implied = await store.findRole(db, impliedId);
    if (!implied) throw notFound('role', impliedId);
    return { prior, implied };
  }

  async #inferences(): Promise<readonly Inference[]> {
    const { db } = this.#core;
    const implications = await listImplications(db);
    const ids = new Set(implications.flatMap(({ prior, implied }) => [prior, implied]));
    const roles = new Map((await store.findRoles(db, ids)).map((role) => [role.id, role]));
    const byPrior = Map.groupBy(implications, ({ prior }) => prior);
    return [...byPrior].flatMap(([priorId, each]) => {
      const prior = roles.get(priorId);
      if (!prior) return [];
      return [{ prior, implies: each.flatMap(({ implied }) => roles.get(implied) ?? []) }];
    });
  }
}
