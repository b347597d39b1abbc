/** What can be done with address groups: named sets of networks that rules refer to. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { inChunks } from '../attributes/list.store.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import type { Sent } from '../attributes/request-body.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import type { HostSync } from '../network-deps.ts';
import { policyNotAuthorized, resourceNotFound } from '../network.faults.ts';
import { deleteSharing, findShared } from '../rbac-policies/rbac-policy.store.ts';
import {
  addressesAlreadyExist,
  addressesNotFound,
  addressGroupInUse,
  addressGroupNotFound,
} from './address-group.faults.ts';
import {
  ADDRESS_GROUP,
  type AddressGroupCreate,
  type AddressGroupUpdate,
} from './address-group.schema.ts';
import * as store from './address-group.store.ts';

const MEMBER = 'rule:admin_only or (role:member and project_id:%(project_id)s)';

export const ADDRESS_GROUP_POLICIES: readonly PolicyRule[] = [
  { name: 'shared_address_groups', check: 'field:address_groups:shared=True' },
  {
    name: 'get_address_group',
    check:
      'rule:admin_only or (role:reader and project_id:%(project_id)s) or rule:shared_address_groups',
  },
  { name: 'create_address_group', check: MEMBER },
  { name: 'update_address_group', check: MEMBER },
  { name: 'delete_address_group', check: MEMBER },
  { name: 'add_addresses', check: MEMBER },
  { name: 'remove_addresses', check: MEMBER },
];

export type AddressGroupDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly newId: () => string;
  readonly now: () => Date;
  readonly hosts: Pick<HostSync, 'addressGroupsChanged'>;
};

/** A group with all that is shown of it. */
export type AddressGroup = {
  readonly group: store.AddressGroupRow;
  readonly addresses: readonly string[];
  readonly shared: boolean;
};

export class AddressGroupService {
  readonly #deps: AddressGroupDeps;

  constructor(deps: AddressGroupDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly AddressGroup[]> {
    const { db } = this.#deps;
    const { marker } = query.page;
    const rows = await store.listAddressGroups(db, query, {
      projectId: ctx.projectId,
      everybody: isAdministrator(ctx),
      marker: marker === null ? undefined : await this.#find(ctx, marker),
    });
    const details = await this.#details(ctx, db, rows);
    return details.filter((one) => this.#maySee(ctx, one.group, one.shared));
  }

  async get(ctx: Context, id: string): Promise<AddressGroup> {
    return await this.#show(ctx, this.#deps.db, await this.#find(ctx, id));
  }

  async create(
    ctx: Context,
    items: readonly Sent<AddressGroupCreate>[],
  ): Promise<readonly AddressGroup[]> {
    const { db, policy, newId, now } = this.#deps;
    for (const { values, chosen } of items) {
      const target = { project_id: values.project_id };
      authorizeCreate(policy, ctx, ADDRESS_GROUP, { target, chosen });
    }
    const at = timestamp(now());
    return await db.transaction().execute(async (tx) => {
      const made: store.AddressGroupRow[] = [];
      for (const { values } of items) {
        const { addresses, ...group } = values;
        const row = { ...group, id: newId(), revision_number: 0, created_at: at, updated_at: at };
        await store.insertAddressGroup(tx, row);
        await store.insertAddresses(tx, row.id, addresses);
        made.push(row);
      }
      return await this.#details(ctx, tx, made);
    });
  }

  async update(
    ctx: Context,
    id: string,
    { values, chosen }: Sent<AddressGroupUpdate>,
    ifMatch?: number,
  ): Promise<AddressGroup> {
    // compat: Neutron looks for what is to be changed in a way that knows no address groups.
    const seen = await this.#find(ctx, id).catch(() => {
      throw resourceNotFound();
    });
    authorizeChange(this.#deps.policy, ctx, ADDRESS_GROUP, {
      action: 'update',
      target: { project_id: seen.project_id },
      chosen,
    });
    return await this.#change(ctx, id, async (tx, group) => {
      checkRevision(ifMatch, group.revision_number);
      const { name = group.name, description = group.description } = values;
      return { name, description };
    });
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, policy } = this.#deps;
    const seen = await this.#find(ctx, id);
    authorizeChange(policy, ctx, ADDRESS_GROUP, {
      action: 'delete',
      target: { project_id: seen.project_id },
      chosen: {},
    });
    await db.transaction().execute(async (tx) => {
      const group = await store.findAddressGroup(tx, id, null);
      if (!group) throw addressGroupNotFound(id);
      checkRevision(ifMatch, group.revision_number);
      if (await store.isAddressGroupInUse(tx, id)) throw addressGroupInUse(id);
      await store.deleteAddressGroup(tx, id);
      await deleteSharing(tx, 'address_group', id);
    });
  }

  async addAddresses(
    ctx: Context,
    id: string,
    addresses: readonly string[],
  ): Promise<AddressGroup> {
    await this.#authorizeAction(ctx, 'add_addresses', id);
    return await this.#change(ctx, id, async (tx) => {
      const known = (await store.addressesOf(tx, [id])).get(id) ?? [];
      const there = addresses.filter((address) => known.includes(address));
      if (there.length > 0) throw addressesAlreadyExist(there, id);
      await store.insertAddresses(tx, id, addresses);
      return {};
    });
  }

  async removeAddresses(
    ctx: Context,
    id: string,
    addresses: readonly string[],
  ): Promise<AddressGroup> {
    await this.#authorizeAction(ctx, 'remove_addresses', id);
    return await this.#change(ctx, id, async (tx) => {
      const known = (await store.addressesOf(tx, [id])).get(id) ?? [];
      const missing = addresses.filter((address) => !known.includes(address));
      if (missing.length > 0) throw addressesNotFound(missing, id);
      await store.deleteAddresses(tx, id, addresses);
      return {};
    });
  }

  async #authorizeAction(
    ctx: Context,
    rule: 'add_addresses' | 'remove_addresses',
    id: string,
  ): Promise<void> {
    const { project_id } = await this.#find(ctx, id);
    if (this.#deps.policy.allows(ctx, rule, { project_id })) return;
    throw project_id === ctx.projectId ? policyNotAuthorized(`rule:${rule}`) : resourceNotFound();
  }

  /** Runs a change, counts it, tells hosts, and shows the group as it is then. */
  async #change(
    ctx: Context,
    id: string,
    change: (
      tx: Tx,
      group: store.AddressGroupRow,
    ) => Promise<{ readonly name?: string; readonly description?: string }>,
  ): Promise<AddressGroup> {
    const { db, hosts, now } = this.#deps;
    const after = await db.transaction().execute(async (tx) => {
      const group = await store.findAddressGroup(tx, id, null);
      if (!group) throw addressGroupNotFound(id);
      const columns = await change(tx, group);
      await store.updateAddressGroup(tx, id, { ...columns, updated_at: timestamp(now()) });
      return await this.#show(ctx, tx, (await store.findAddressGroup(tx, id, null)) ?? group);
    });
    await hosts.addressGroupsChanged([id]);
    return after;
  }

  async #find(ctx: Context, id: string): Promise<store.AddressGroupRow> {
    const projectId = isAdministrator(ctx) ? null : ctx.projectId;
    const row = await store.findAddressGroup(this.#deps.db, id, projectId);
    if (!row || !this.#maySee(ctx, row, row.project_id !== ctx.projectId)) {
      throw addressGroupNotFound(id);
    }
    return row;
  }

  #maySee(ctx: Context, { project_id }: store.AddressGroupRow, shared: boolean): boolean {
    return this.#deps.policy.allows(ctx, 'get_address_group', { project_id, shared });
  }

  async #show(ctx: Context, db: Db, row: store.AddressGroupRow): Promise<AddressGroup> {
    const [group] = await this.#details(ctx, db, [row]);
    if (!group) throw addressGroupNotFound(row.id);
    return group;
  }

  async #details(
    ctx: Context,
    db: Db,
    rows: readonly store.AddressGroupRow[],
  ): Promise<readonly AddressGroup[]> {
    const ids = rows.map(({ id }) => id);
    const addresses = await inChunks(ids, async (some) => await store.addressesOf(db, some));
    const shared = await findShared(db, 'address_group', ids, ctx.projectId);
    return rows.map((group) => ({
      group,
      addresses: addresses.get(group.id) ?? [],
      shared: shared.has(group.id),
    }));
  }
}
