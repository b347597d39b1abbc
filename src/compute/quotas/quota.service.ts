/** Quotas: limits of projects, of their users, and of the default class. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { deleteLimits, setLimits } from '#platform/quota/quota.store.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { IdentityApi } from '#identity/index.ts';
import { badRequest } from '../compute.faults.ts';
import {
  classLimits,
  limitsOf,
  limitsOfUser,
  QUOTA_SERVICE,
  setClassLimits,
  type QuotaResource,
} from '../quota-defaults.ts';
import { quotaUsage } from './quota-usage.store.ts';
import {
  boundsOfProject,
  boundsOfUser,
  checkLimits,
  type Bounds,
  type QuotaLimits,
} from './quota.rules.ts';
import { deleteUserLimits, listUserLimits, setUserLimits } from './user-quota.store.ts';

export type QuotaServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly identity: Pick<IdentityApi, 'projectExists'>;
};

/** Whose quotas are meant: a project's, or those of one of its users. */
export type QuotaOwner = { readonly projectId: string; readonly userId: string | null };

export type QuotaUsage = Readonly<
  Record<QuotaResource, { readonly limit: number; readonly in_use: number; readonly reserved: 0 }>
>;

/** What is not counted is left out. */
type Used = Partial<Record<QuotaResource, number>>;

const SETS = 'os_compute_api:os-quota-sets';
const CLASSES = 'os_compute_api:os-quota-class-sets';

export class QuotaService {
  readonly #deps: QuotaServiceDeps;

  constructor(deps: QuotaServiceDeps) {
    this.#deps = deps;
  }

  async limits(ctx: Context, owner: QuotaOwner): Promise<QuotaLimits> {
    await this.#admit(ctx, 'show', owner.projectId);
    return await this.#limits(owner);
  }

  async defaults(ctx: Context, projectId: string): Promise<QuotaLimits> {
    await this.#admit(ctx, 'defaults', projectId);
    return await classLimits(this.#deps.db, 'default');
  }

  async usage(ctx: Context, owner: QuotaOwner): Promise<QuotaUsage> {
    await this.#admit(ctx, 'detail', owner.projectId);
    const used: Used = await quotaUsage(this.#deps.db, owner.projectId, owner.userId);
    const limits = Object.entries(await this.#limits(owner)) as [QuotaResource, number][];
    return Object.fromEntries(
      limits.map(([name, limit]) => [name, { limit, in_use: used[name] ?? 0, reserved: 0 }]),
    ) as QuotaUsage;
  }

  /** With `force`, limits may be below what is used. */
  async update(
    ctx: Context,
    owner: QuotaOwner,
    limits: Partial<QuotaLimits>,
    options: { readonly force: boolean },
  ): Promise<QuotaLimits> {
    await this.#admit(ctx, 'update', owner.projectId);
    await this.#deps.db.transaction().execute(async (tx) => {
      if (!options.force) checkLimits(limits, await this.#bounds(tx, owner));
      const { projectId, userId } = owner;
      if (userId === null) await setLimits(tx, QUOTA_SERVICE, projectId, limits);
      else await setUserLimits(tx, projectId, userId, limits);
    });
    return await this.#limits(owner);
  }

  /** Back to the defaults. With those of a project go those of its users. */
  async delete(ctx: Context, { projectId, userId }: QuotaOwner): Promise<void> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${SETS}:delete`, { project_id: projectId });
    await db.transaction().execute(async (tx) => {
      await deleteUserLimits(tx, projectId, userId);
      if (userId === null) await deleteLimits(tx, QUOTA_SERVICE, projectId);
    });
  }

  async classLimits(ctx: Context, name: string): Promise<QuotaLimits> {
    this.#deps.policy.authorize(ctx, `${CLASSES}:show`);
    return await classLimits(this.#deps.db, name);
  }

  async updateClass(
    ctx: Context,
    name: string,
    limits: Partial<QuotaLimits>,
  ): Promise<QuotaLimits> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${CLASSES}:update`);
    if (name.length > 255) {
      throw badRequest(
        `Invalid input received: quota_class_name has ${name.length} characters, more than 255.`,
      );
    }
    await setClassLimits(db, name, limits);
    return await classLimits(db, name);
  }

  async #admit(ctx: Context, verb: string, projectId: string): Promise<void> {
    const { policy, identity } = this.#deps;
    policy.authorize(ctx, `${SETS}:${verb}`, { project_id: projectId });
    if (await identity.projectExists(projectId)) return;
    throw badRequest(`Project ID ${projectId} is not a valid project.`);
  }

  async #limits({ projectId, userId }: QuotaOwner): Promise<QuotaLimits> {
    const { db } = this.#deps;
    return userId === null
      ? await limitsOf(db, projectId)
      : await limitsOfUser(db, projectId, userId);
  }

  async #bounds(
    db: Db,
    { projectId, userId }: QuotaOwner,
  ): Promise<(name: QuotaResource) => Bounds> {
    const used: Used = await quotaUsage(db, projectId, userId);
    const ofProject = await limitsOf(db, projectId);
    const users = await listUserLimits(db, projectId);
    return (name) => {
      const limitsOfOthers = users
        .filter((one) => one.resource === name && one.userId !== userId)
        .map(({ limit }) => limit);
      return userId === null
        ? boundsOfProject(used[name] ?? 0, limitsOfOthers)
        : boundsOfUser(ofProject[name], used[name] ?? 0, limitsOfOthers);
    };
  }
}
