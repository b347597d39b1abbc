/** What can be done with quotas. */
import { isJsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import {
  deleteLimits,
  findLimits,
  projectsWithLimits,
  setLimits,
  type Limits,
} from '#platform/quota/quota.store.ts';
import { readUpdate } from '../attributes/request-body.ts';
import { QUOTA_SERVICE } from './check-quota.ts';
import { DEFAULT_QUOTAS, isQuotaResource, QUOTA_RESOURCES } from './quota-resources.ts';
import {
  adminRequired,
  effectiveQuotas,
  missingProject,
  quotaBelowUse,
  quotaNotFound,
} from './quota.rules.ts';
import { QUOTA } from './quota.schema.ts';
import { countUsed } from './quota.store.ts';

export const QUOTA_POLICIES: readonly PolicyRule[] = [
  { name: 'get_quota', check: 'rule:admin_only or (role:manager and project_id:%(project_id)s)' },
  { name: 'update_quota', check: 'rule:admin_only' },
  { name: 'delete_quota', check: 'rule:admin_only' },
];

export type QuotaDeps = { readonly db: Db; readonly policy: Policy };

/** How a project stands with one resource. */
export type QuotaDetail = {
  readonly limit: number;
  readonly used: number;
  /** Always 0: what is checked is written in the same transaction. */
  readonly reserved: 0;
};

export class QuotaService {
  readonly #db: Db;
  readonly #policy: Policy;

  constructor({ db, policy }: QuotaDeps) {
    this.#db = db;
    this.#policy = policy;
  }

  /** The projects that have limits of their own. */
  async list(ctx: Context): Promise<readonly { projectId: string; limits: Limits }[]> {
    this.#policy.authorize(ctx, 'get_quota', { project_id: '' });
    const projects = await projectsWithLimits(this.#db, QUOTA_SERVICE);
    return await Promise.all(
      projects.map(async (projectId) => ({ projectId, limits: await this.#limits(projectId) })),
    );
  }

  async get(ctx: Context, projectId: string): Promise<Limits> {
    this.#authorizeGet(ctx, projectId);
    return await this.#limits(projectId);
  }

  defaults(ctx: Context, projectId: string): Limits {
    this.#authorizeGet(ctx, projectId);
    return DEFAULT_QUOTAS;
  }

  async details(ctx: Context, projectId: string): Promise<Readonly<Record<string, QuotaDetail>>> {
    if (projectId !== ctx.projectId && !ctx.roles.has('admin')) throw adminRequired();
    const limits = await this.#limits(projectId);
    const details: Record<string, QuotaDetail> = {};
    for (const resource of QUOTA_RESOURCES) {
      const used = await countUsed(this.#db, projectId, resource);
      details[resource] = { limit: limits[resource] ?? -1, used, reserved: 0 };
    }
    return details;
  }

  /** The project of the caller's token, as old clients ask for it. */
  project(ctx: Context): string {
    if (ctx.projectId === '') throw missingProject();
    return ctx.projectId;
  }

  /** Sets some limits. Refuses one below what is used already, unless told to `force`. */
  async update(ctx: Context, projectId: string, body: unknown): Promise<Limits> {
    this.#policy.authorize(ctx, 'update_quota');
    const { force, limits } = readLimits(ctx, body);
    await this.#db.transaction().execute(async (tx) => {
      for (const [resource, limit] of Object.entries(limits)) {
        if (force || limit < 0 || !isQuotaResource(resource)) continue;
        const used = await countUsed(tx, projectId, resource);
        if (used > limit) throw quotaBelowUse(resource, limit, used);
      }
      await setLimits(tx, QUOTA_SERVICE, projectId, limits);
    });
    return await this.#limits(projectId);
  }

  /** Back to the defaults. */
  async delete(ctx: Context, projectId: string): Promise<void> {
    this.#policy.authorize(ctx, 'delete_quota');
    if (!(await deleteLimits(this.#db, QUOTA_SERVICE, projectId))) throw quotaNotFound(projectId);
  }

  #authorizeGet(ctx: Context, projectId: string): void {
    if (projectId !== ctx.projectId) {
      this.#policy.authorize(ctx, 'get_quota', { project_id: projectId });
    }
  }

  async #limits(projectId: string): Promise<Limits> {
    return effectiveQuotas(await findLimits(this.#db, QUOTA_SERVICE, projectId));
  }
}

/** `{"quota": {"port": 5, "force": true}}`; `check_limit` has become what happens anyway. */
function readLimits(ctx: Context, body: unknown): { force: boolean; limits: Limits } {
  const sent = isJsonObject(body) ? body['quota'] : undefined;
  const { force, check_limit: _check, ...limits } = isJsonObject(sent) ? sent : {};
  const { values } = readUpdate(ctx, QUOTA, isJsonObject(sent) ? { quota: limits } : body);
  return { force: force === true, limits: values as Limits };
}
