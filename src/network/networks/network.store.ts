/** Networks in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import type { Expression, ExpressionBuilder, Insertable, Selectable, SqlBool } from 'kysely';
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tables } from '#platform/db/tables.ts';
import type { NetworksTable } from '#platform/db/tables/network.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { inChunks, listPage, oneOf, type OwnFilters } from '../attributes/list.store.ts';

export type NetworkRow = Selectable<NetworksTable>;

/**
 * The networks that somebody may see: their own, and those that were shared with them or with everybody, as
 * `shared` or as `router:external`. Administrators and the cloud itself see all.
 */
export function networkVisibility(
  eb: ExpressionBuilder<Tables, 'networks'>,
  ctx: Context,
): Expression<SqlBool> {
  if (isPrivileged(ctx)) return eb.and([]);
  return eb.or([
    eb('networks.project_id', '=', ctx.projectId),
    eb('networks.id', 'in', sharedNetworks(eb, ctx.projectId)),
  ]);
}

/** The ids of networks that were shared with a project or with everybody. */
function sharedNetworks(
  eb: ExpressionBuilder<Tables, 'networks'>,
  projectId: string,
  actions: readonly ('access_as_shared' | 'access_as_external')[] = [
    'access_as_shared',
    'access_as_external',
  ],
) {
  return eb
    .selectFrom('rbac_policies')
    .select('object_id')
    .where('object_type', '=', 'network')
    .where('action', 'in', actions)
    .where('target_project', 'in', ['*', projectId]);
}

export async function findVisibleNetwork(
  db: Db,
  ctx: Context,
  id: string,
): Promise<NetworkRow | undefined> {
  return await db
    .selectFrom('networks')
    .selectAll()
    .where('networks.id', '=', id)
    .where((eb) => networkVisibility(eb, ctx))
    .executeTakeFirst();
}

export async function findNetworksById(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, NetworkRow>> {
  return await inChunks(ids, async (some) => {
    const rows = await db.selectFrom('networks').selectAll().where('id', 'in', some).execute();
    return new Map(rows.map((row) => [row.id, row]));
  });
}

/** The external networks that the caller may see, by name. */
export async function listExternalNetworks(db: Db, ctx: Context): Promise<readonly NetworkRow[]> {
  return await db
    .selectFrom('networks')
    .selectAll()
    .where('external', '=', flag(true))
    .where((eb) => networkVisibility(eb, ctx))
    .orderBy('name')
    .orderBy('networks.id')
    .execute();
}

/** One page of the networks that the caller may see. `marker` is the row that the page comes after. */
export async function listNetworks(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: NetworkRow | undefined,
): Promise<readonly NetworkRow[]> {
  const visible = db
    .selectFrom('networks')
    .selectAll()
    .where((eb) => networkVisibility(eb, ctx));
  return await listPage(visible, { table: 'networks', query, marker, own: ownFilters(ctx) });
}

function ownFilters(ctx: Context): OwnFilters<'networks'> {
  return {
    shared: (eb, [wanted]) => {
      const shared = eb(
        'networks.id',
        'in',
        sharedNetworks(eb, ctx.projectId, ['access_as_shared']),
      );
      return wanted === true ? shared : eb.not(shared);
    },
    'router:external': (eb, [wanted]) => eb('networks.external', '=', flag(wanted === true)),
    'provider:network_type': (eb, values) => oneOf(eb, 'networks.network_type', values),
    'provider:physical_network': (eb, values) => oneOf(eb, 'networks.physical_network', values),
    'provider:segmentation_id': (eb, values) => oneOf(eb, 'networks.segmentation_id', values),
    // compat: every network is ACTIVE.
    status: (eb, values) => eb.and(values.includes('ACTIVE') ? [] : [eb('networks.id', '=', '')]),
  };
}

export async function insertNetwork(db: Db, network: Insertable<NetworksTable>): Promise<void> {
  await db.insertInto('networks').values(network).execute();
}

export async function deleteNetwork(db: Db, id: string): Promise<void> {
  await db.deleteFrom('networks').where('id', '=', id).execute();
}

/** Of numbers that a network might have, those that one has already. */
export async function takenSegments(
  db: Db,
  networkType: string,
  physicalNetwork: string | null,
  numbers: readonly number[],
): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('networks')
    .select('segmentation_id')
    .where('network_type', '=', networkType)
    .where('physical_network', physicalNetwork === null ? 'is' : '=', physicalNetwork)
    .where('segmentation_id', 'in', numbers)
    .execute();
  return new Set(rows.flatMap((row) => row.segmentation_id ?? []));
}

/** Whether a flat network is on the physical network. */
export async function hasFlatNetwork(db: Db, physicalNetwork: string): Promise<boolean> {
  const row = await db
    .selectFrom('networks')
    .select('id')
    .where('network_type', '=', 'flat')
    .where('physical_network', '=', physicalNetwork)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether any project but its owner has ports on a network. */
export async function hasForeignPorts(db: Db, network: NetworkRow): Promise<boolean> {
  const row = await db
    .selectFrom('ports')
    .select('id')
    .where('network_id', '=', network.id)
    .where('project_id', '!=', network.project_id)
    .where('device_owner', 'not like', 'network:%')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether the network was shared with the project, or with everybody. */
export async function isSharedWith(
  db: Db,
  id: string,
  projectId: string,
  { withAll = true }: { readonly withAll?: boolean } = {},
): Promise<boolean> {
  const row = await db
    .selectFrom('rbac_policies')
    .select('id')
    .where('object_type', '=', 'network')
    .where('object_id', '=', id)
    .where('action', '=', 'access_as_shared')
    .where('target_project', 'in', [...(withAll ? ['*'] : []), projectId])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Counts a change of what is in the network, such as a subnet that came or went. */
export async function touchNetwork(db: Db, id: string, at: string): Promise<void> {
  await db
    .updateTable('networks')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: at }))
    .where('id', '=', id)
    .execute();
}

/** Those of the networks that the caller may see. */
export async function findVisibleNetworks(
  db: Db,
  ctx: Context,
  ids: readonly string[],
): Promise<readonly NetworkRow[]> {
  if (ids.length === 0) return [];
  return await db
    .selectFrom('networks')
    .selectAll()
    .where('networks.id', 'in', ids)
    .where((eb) => networkVisibility(eb, ctx))
    .execute();
}

/** The project's own networks, and those that are shared with it. */
export async function listAvailableNetworks(db: Db, ctx: Context): Promise<readonly NetworkRow[]> {
  return await db
    .selectFrom('networks')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('networks.project_id', '=', ctx.projectId),
        eb('networks.id', 'in', sharedNetworks(eb, ctx.projectId, ['access_as_shared'])),
      ]),
    )
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}
