/** Flavors: what a server may be like. Admins make them; everybody sees public ones and those given to the project. */
import type { Context } from '#platform/context.ts';
import { flag, type Db } from '#platform/db/tables.ts';
import type { Page } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { IdentityApi } from '#identity/index.ts';
import { badRequest, conflict, flavorNotFound } from '../compute.faults.ts';
import { ownMember } from '../http/own.ts';
import { booleanOf } from '../http/schema-parts.ts';
import * as faults from './flavor.faults.ts';
import type { FlavorCreateBody } from './flavor.schema.ts';
import type { FlavorFilter, FlavorRow } from './flavor.store.ts';
import * as store from './flavor.store.ts';

export type FlavorServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly identity: Pick<IdentityApi, 'projectExists'>;
  readonly newId: () => string;
  readonly now: () => Date;
};

const MANAGE = 'os_compute_api:os-flavor-manage';
const ACCESS = 'os_compute_api:os-flavor-access';
const SPECS = 'os_compute_api:os-flavor-extra-specs';

export class FlavorService {
  readonly #deps: FlavorServiceDeps;

  constructor(deps: FlavorServiceDeps) {
    this.#deps = deps;
  }

  async create(ctx: Context, { flavor }: FlavorCreateBody): Promise<FlavorRow> {
    const { db, policy, newId, now } = this.#deps;
    policy.authorize(ctx, `${MANAGE}:create`);
    const isPublic = booleanOf(flavor['os-flavor-access:is_public'] ?? true) ?? true;
    return await db.transaction().execute(async (tx) => {
      const id = flavor.id === null || flavor.id === undefined ? newId() : String(flavor.id);
      if (await store.findFlavorByName(tx, flavor.name)) {
        throw faults.flavorExists('name', flavor.name);
      }
      if (await store.findFlavor(tx, id)) throw faults.flavorExists('ID', id);
      const row: FlavorRow = {
        id,
        number: await store.nextFlavorNumber(tx),
        name: flavor.name,
        vcpus: Number(flavor.vcpus),
        ram: Number(flavor.ram),
        disk: Number(flavor.disk),
        ephemeral: Number(flavor['OS-FLV-EXT-DATA:ephemeral'] ?? 0),
        swap: Number(flavor.swap ?? 0),
        rxtx_factor: String(Number(flavor.rxtx_factor ?? 1)),
        is_public: flag(isPublic),
        disabled: 0,
        description: flavor.description ?? null,
        extra_specs: '{}',
        created_at: now().toISOString(),
      };
      await store.insertFlavor(tx, row);
      return row;
    });
  }

  /** Flavors that the caller may use; an admin may ask for private ones as well. */
  async list(
    ctx: Context,
    wanted: Omit<FlavorFilter, 'projectId'>,
    page: Page,
  ): Promise<readonly FlavorRow[]> {
    const { db, policy } = this.#deps;
    const admin = policy.allows(ctx, 'context_is_admin');
    if (page.marker !== null && !(await store.findFlavor(db, page.marker))) {
      throw badRequest(`marker [${page.marker}] not found`);
    }
    const isPublic = admin ? wanted.isPublic : true;
    return await store.listFlavors(db, { ...wanted, isPublic, projectId: ctx.projectId }, page);
  }

  /** A flavor that the caller may use. */
  async get(ctx: Context, id: string): Promise<FlavorRow> {
    const { db, policy } = this.#deps;
    const row = await store.findFlavor(db, id);
    if (!row) throw flavorNotFound(id);
    if (row.is_public === 1 || policy.allows(ctx, 'context_is_admin')) return row;
    if ((await store.listFlavorAccess(db, id)).includes(ctx.projectId)) return row;
    throw flavorNotFound(id);
  }

  async describe(ctx: Context, id: string, description: string | null): Promise<FlavorRow> {
    this.#deps.policy.authorize(ctx, `${MANAGE}:update`);
    const row = await this.get(ctx, id);
    await store.updateFlavor(this.#deps.db, id, { description });
    return { ...row, description };
  }

  async delete(ctx: Context, id: string): Promise<void> {
    this.#deps.policy.authorize(ctx, `${MANAGE}:delete`);
    if (!(await store.deleteFlavor(this.#deps.db, id))) throw flavorNotFound(id);
  }

  /** Whether members that only admins see are shown. */
  showsAccess(ctx: Context): boolean {
    return this.#deps.policy.allows(ctx, ACCESS);
  }

  showsExtraSpecs(ctx: Context): boolean {
    return this.#deps.policy.allows(ctx, `${SPECS}:index`);
  }

  async listAccess(ctx: Context, id: string): Promise<readonly string[]> {
    this.#deps.policy.authorize(ctx, ACCESS);
    const row = await this.get(ctx, id);
    if (row.is_public === 1) throw faults.accessListOfPublic();
    return await store.listFlavorAccess(this.#deps.db, id);
  }

  async addAccess(ctx: Context, id: string, projectId: string): Promise<readonly string[]> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${ACCESS}:add_tenant_access`);
    await this.#checkProject(projectId);
    const row = await this.get(ctx, id);
    if (row.is_public === 1 && ctx.microversion >= 7) throw faults.accessToPublic();
    return await db.transaction().execute(async (tx) => {
      const present = await store.listFlavorAccess(tx, id);
      if (present.includes(projectId)) throw faults.accessExists(row.number, projectId);
      await store.insertFlavorAccess(tx, id, projectId);
      return await store.listFlavorAccess(tx, id);
    });
  }

  async removeAccess(ctx: Context, id: string, projectId: string): Promise<readonly string[]> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${ACCESS}:remove_tenant_access`);
    await this.#checkProject(projectId);
    const row = await this.get(ctx, id);
    return await db.transaction().execute(async (tx) => {
      if (!(await store.deleteFlavorAccess(tx, id, projectId))) {
        throw faults.accessNotFound(row.number, projectId);
      }
      return await store.listFlavorAccess(tx, id);
    });
  }

  async extraSpecs(ctx: Context, id: string): Promise<Readonly<Record<string, string>>> {
    this.#deps.policy.authorize(ctx, `${SPECS}:index`);
    return extraSpecsOf(await this.get(ctx, id));
  }

  async extraSpec(ctx: Context, id: string, key: string): Promise<string> {
    this.#deps.policy.authorize(ctx, `${SPECS}:show`);
    const value = ownMember(extraSpecsOf(await this.get(ctx, id)), key);
    if (value === undefined) throw faults.extraSpecNotFound(id, key);
    return value;
  }

  async setExtraSpecs(
    ctx: Context,
    id: string,
    verb: 'create' | 'update',
    specs: Readonly<Record<string, string | number>>,
  ): Promise<Readonly<Record<string, string>>> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${SPECS}:${verb}`);
    return await db.transaction().execute(async (tx) => {
      const row = await store.findFlavor(tx, id);
      if (!row) throw flavorNotFound(id);
      const given = Object.fromEntries(
        Object.entries(specs).map(([key, value]) => [key, String(value)]),
      );
      const all = { ...extraSpecsOf(row), ...given };
      if (Object.keys(all).length > 1000) throw conflict(`Flavor ${id} has too many extra specs.`);
      await store.updateFlavor(tx, id, { extra_specs: JSON.stringify(all) });
      return given;
    });
  }

  async deleteExtraSpec(ctx: Context, id: string, key: string): Promise<void> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${SPECS}:delete`);
    await db.transaction().execute(async (tx) => {
      const row = await store.findFlavor(tx, id);
      if (!row) throw flavorNotFound(id);
      const specs = Object.entries(extraSpecsOf(row));
      const rest = Object.fromEntries(specs.filter(([name]) => name !== key));
      if (specs.length === Object.keys(rest).length) throw faults.extraSpecNotFound(id, key);
      await store.updateFlavor(tx, id, { extra_specs: JSON.stringify(rest) });
    });
  }

  async #checkProject(projectId: string): Promise<void> {
    if (!(await this.#deps.identity.projectExists(projectId))) {
      throw badRequest(`Project ID ${projectId} is not a valid project.`);
    }
  }
}

export function extraSpecsOf(row: Pick<FlavorRow, 'extra_specs'>): Record<string, string> {
  return JSON.parse(row.extra_specs) as Record<string, string>;
}
