/** What can be done with sharing. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import { addressGroupNotFound } from '../address-groups/address-group.faults.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import type { Sent } from '../attributes/request-body.ts';
import type { HostSync } from '../network-deps.ts';
import { externalNetworkInUse, invalidInput, networkNotFound } from '../network.faults.ts';
import { findNetworksById } from '../networks/network.store.ts';
import { checkQuota } from '../quotas/check-quota.ts';
import { findRoutersByGateway } from '../routers/router.store.ts';
import { securityGroupNotFound } from '../security-groups/security-group.faults.ts';
import { duplicateRbacPolicy, rbacPolicyNotFound } from './rbac-policy.faults.ts';
import type { RbacObjectType } from './rbac-objects.ts';
import { checkExternalRemovable, checkRemovable, readAction } from './rbac-policy.rules.ts';
import { RBAC_POLICY, type RbacPolicyCreate, type RbacPolicyUpdate } from './rbac-policy.schema.ts';
import * as store from './rbac-policy.store.ts';

const OWNER = 'rule:admin_only or (role:member and project_id:%(project_id)s)';
const NOT_EVERYBODY = 'rule:admin_only or not field:rbac_policy:target_tenant=*';

export const RBAC_POLICIES: readonly PolicyRule[] = [
  { name: 'create_rbac_policy', check: OWNER },
  { name: 'create_rbac_policy:object_type', check: OWNER },
  { name: 'create_rbac_policy:object_id', check: OWNER },
  { name: 'create_rbac_policy:target_tenant', check: NOT_EVERYBODY },
  { name: 'create_rbac_policy:action', check: OWNER },
  {
    name: 'get_rbac_policy',
    check: 'rule:admin_only or (role:reader and project_id:%(project_id)s)',
  },
  { name: 'update_rbac_policy', check: OWNER },
  { name: 'update_rbac_policy:target_tenant', check: NOT_EVERYBODY },
  { name: 'delete_rbac_policy', check: OWNER },
];

const NOT_FOUND = {
  network: networkNotFound,
  security_group: securityGroupNotFound,
  address_group: addressGroupNotFound,
} as const satisfies Record<RbacObjectType, (id: string) => Error>;

export type RbacPolicyDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly newId: () => string;
  readonly hosts: Pick<HostSync, 'networkChanged'>;
};

export class RbacPolicyService {
  readonly #deps: RbacPolicyDeps;

  constructor(deps: RbacPolicyDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly store.RbacPolicyRow[]> {
    const { marker } = query.page;
    const rows = await store.listPolicies(
      this.#deps.db,
      query,
      isAdministrator(ctx) ? null : ctx.projectId,
      marker === null ? undefined : await this.get(ctx, marker),
    );
    return rows.filter((row) => this.#maySee(ctx, row));
  }

  async get(ctx: Context, id: string): Promise<store.RbacPolicyRow> {
    const row = await store.findPolicy(this.#deps.db, id);
    if (!row || !this.#maySee(ctx, row)) throw rbacPolicyNotFound(id);
    return row;
  }

  async create(
    ctx: Context,
    items: readonly Sent<RbacPolicyCreate>[],
  ): Promise<readonly store.RbacPolicyRow[]> {
    const { db, policy } = this.#deps;
    for (const { values, chosen } of items) {
      const { project_id, target_tenant } = values;
      authorizeCreate(policy, ctx, RBAC_POLICY, { target: { project_id, target_tenant }, chosen });
    }
    const rows = await db.transaction().execute(async (tx) => {
      const made: store.RbacPolicyRow[] = [];
      for (const { values } of items) made.push(await this.#createOne(ctx, tx, values));
      return made;
    });
    for (const row of rows) await this.#tell(row);
    return rows;
  }

  /** Gives the object to somebody else instead. */
  async update(
    ctx: Context,
    id: string,
    { values, chosen }: Sent<RbacPolicyUpdate>,
  ): Promise<store.RbacPolicyRow> {
    const { db, policy } = this.#deps;
    const seen = await this.get(ctx, id);
    const { target_tenant: target = seen.target_project } = values;
    authorizeChange(policy, ctx, RBAC_POLICY, {
      action: 'update',
      target: { project_id: seen.project_id, target_tenant: target },
      chosen,
    });
    return await db.transaction().execute(async (tx) => {
      const row = await store.findPolicy(tx, id);
      if (!row) throw rbacPolicyNotFound(id);
      if (row.target_project !== target) {
        await this.#checkOwner(ctx, tx, row.object_type, row.object_id);
        await checkTakingBack(tx, row, target);
        if (!(await store.updateTarget(tx, row, target))) throw duplicateRbacPolicy();
      }
      return { ...row, target_project: target };
    });
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { db, policy } = this.#deps;
    const seen = await this.get(ctx, id);
    authorizeChange(policy, ctx, RBAC_POLICY, {
      action: 'delete',
      target: { project_id: seen.project_id },
      chosen: {},
    });
    await db.transaction().execute(async (tx) => {
      const row = await store.findPolicy(tx, id);
      if (!row) throw rbacPolicyNotFound(id);
      await checkTakingBack(tx, row, null);
      await store.deletePolicy(tx, id);
      if (row.action !== 'access_as_external') return;
      const left = await store.targetsOf(tx, 'network', row.object_id, 'access_as_external');
      if (left.size > 0) return;
      if ((await findRoutersByGateway(tx, row.object_id)).length > 0) {
        throw externalNetworkInUse(row.object_id);
      }
      await store.setExternal(tx, row.object_id, false);
    });
    await this.#tell(seen);
  }

  /** Whether a network leads outside is for hosts to know. */
  async #tell({ action, object_id }: store.RbacPolicyRow): Promise<void> {
    if (action === 'access_as_external') await this.#deps.hosts.networkChanged(object_id);
  }

  async #createOne(ctx: Context, tx: Tx, values: RbacPolicyCreate): Promise<store.RbacPolicyRow> {
    const { object_type, object_id, target_tenant, project_id } = values;
    await checkQuota(tx, project_id, 'rbac_policy', 1);
    const action = readAction(object_type, values.action);
    await this.#checkOwner(ctx, tx, object_type, object_id);
    const id = this.#deps.newId();
    const row = { id, project_id, object_type, object_id, action, target_project: target_tenant };
    if (!(await store.insertPolicy(tx, row))) throw duplicateRbacPolicy();
    // What anybody may use as external is an external network.
    if (action === 'access_as_external') await store.setExternal(tx, object_id, true);
    return row;
  }

  /** Only the owner and administrators give an object away. */
  async #checkOwner(ctx: Context, tx: Tx, type: RbacObjectType, id: string): Promise<void> {
    const owner = await store.ownerOf(tx, type, id);
    if (owner === undefined) throw NOT_FOUND[type](id);
    if (owner !== ctx.projectId && !isAdministrator(ctx)) {
      throw invalidInput('Only admins can manipulate policies on objects they do not own');
    }
  }

  #maySee(ctx: Context, row: store.RbacPolicyRow): boolean {
    return this.#deps.policy.allows(ctx, 'get_rbac_policy', { project_id: row.project_id });
  }
}

/** `newTarget`: who is given the object instead; null for nobody. */
async function checkTakingBack(
  tx: Tx,
  row: store.RbacPolicyRow,
  newTarget: string | null,
): Promise<void> {
  const { object_type: objectType, object_id: objectId, action, target_project: target } = row;
  if (action === 'access_as_external') {
    const network = (await findNetworksById(tx, [objectId])).get(objectId);
    const routers = await findRoutersByGateway(tx, objectId);
    checkExternalRemovable({
      networkId: objectId,
      isDefault: network?.is_default === 1,
      target,
      newTarget,
      targets: await store.targetsOf(tx, objectType, objectId, action),
      routed: new Set(routers.map((router) => router.project_id)),
    });
    return;
  }
  if (newTarget === '*') return;
  const owner = await store.ownerOf(tx, objectType, objectId);
  if (owner === undefined) return;
  checkRemovable({
    objectType,
    objectId,
    owner,
    target,
    targets: await store.targetsOf(tx, objectType, objectId, action),
    users: await store.usersOf(tx, objectType, objectId),
  });
}
