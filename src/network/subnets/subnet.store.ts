/** Subnets in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import type { ExpressionBuilder, Insertable, Selectable } from 'kysely';
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tables } from '#platform/db/tables.ts';
import type { SubnetsTable } from '#platform/db/tables/network.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { deleteTags, inChunks, listPage, type OwnFilters } from '../attributes/list.store.ts';
import { networkVisibility } from '../networks/network.store.ts';

export type SubnetRow = Selectable<SubnetsTable>;

/** Subnets are seen by who sees their network. */
function visibility(eb: ExpressionBuilder<Tables, 'subnets'>, ctx: Context) {
  if (isPrivileged(ctx)) return eb.and([]);
  return eb.or([
    eb('subnets.project_id', '=', ctx.projectId),
    eb(
      'subnets.network_id',
      'in',
      eb
        .selectFrom('networks')
        .select('networks.id')
        .where((inner) => networkVisibility(inner, ctx)),
    ),
  ]);
}

export async function findVisibleSubnet(
  db: Db,
  ctx: Context,
  id: string,
): Promise<SubnetRow | undefined> {
  return await db
    .selectFrom('subnets')
    .selectAll()
    .where('subnets.id', '=', id)
    .where((eb) => visibility(eb, ctx))
    .executeTakeFirst();
}

export async function listSubnets(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: SubnetRow | undefined,
): Promise<readonly SubnetRow[]> {
  const visible = db
    .selectFrom('subnets')
    .selectAll()
    .where((eb) => visibility(eb, ctx));
  return await listPage(visible, { table: 'subnets', query, marker, own: ownFilters(ctx) });
}

function ownFilters(ctx: Context): OwnFilters<'subnets'> {
  return {
    shared: (eb, [wanted]) => {
      const shared = eb(
        'subnets.network_id',
        'in',
        eb
          .selectFrom('rbac_policies')
          .select('object_id')
          .where('object_type', '=', 'network')
          .where('action', '=', 'access_as_shared')
          .where('target_project', 'in', ['*', ctx.projectId]),
      );
      return wanted === true ? shared : eb.not(shared);
    },
    'router:external': (eb, [wanted]) =>
      eb(
        'subnets.network_id',
        'in',
        eb
          .selectFrom('networks')
          .select('id')
          .where('external', '=', flag(wanted === true)),
      ),
    // No subnet is from a pool.
    subnetpool_id: (eb) => eb('subnets.id', '=', ''),
  };
}

/** The subnets of networks, in the order in which they were made. */
export async function subnetsOfNetworks(
  db: Db,
  networkIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SubnetRow[]>> {
  return await inChunks(networkIds, async (some) => {
    const rows = await db
      .selectFrom('subnets')
      .selectAll()
      .where('network_id', 'in', some)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return Map.groupBy(rows, (row) => row.network_id);
  });
}

/** The subnets of one network. */
export async function subnetsOf(db: Db, networkId: string): Promise<readonly SubnetRow[]> {
  return (await subnetsOfNetworks(db, [networkId])).get(networkId) ?? [];
}

export async function insertSubnet(db: Db, subnet: Insertable<SubnetsTable>): Promise<void> {
  await db.insertInto('subnets').values(subnet).execute();
}

/** Deletes a subnet and its tags. Its addresses must have been taken from ports before. */
export async function deleteSubnet(db: Db, id: string): Promise<void> {
  await deleteTags(db, id);
  await db.deleteFrom('subnets').where('id', '=', id).execute();
}

/** Of these ids, those of subnets, wherever they are. */
export async function existingSubnets(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('subnets').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map((row) => row.id));
}
