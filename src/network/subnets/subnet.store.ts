/** Subnets in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import type { ExpressionBuilder, Insertable, Selectable, Updateable } from 'kysely';
import type { Context } from '#platform/context.ts';
import { applyPage } from '#platform/db/page.ts';
import { flag, type Db, type Tables } from '#platform/db/tables.ts';
import type { SubnetsTable } from '#platform/db/tables/network.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { deleteTags, inChunks, listConditions, type OwnFilters } from '../attributes/list.store.ts';
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
  const rows = await applyPage(
    db
      .selectFrom('subnets')
      .selectAll()
      .where((eb) => visibility(eb, ctx))
      .where((eb) => listConditions(eb, 'subnets', query, ownFilters(ctx))),
    query.page,
    SORT_COLUMNS,
    marker,
  ).execute();
  return query.page.reverse ? rows.toReversed() : rows;
}

const SORT_COLUMNS = {
  id: 'subnets.id',
  project_id: 'subnets.project_id',
  description: 'subnets.description',
  revision_number: 'subnets.revision_number',
  created_at: 'subnets.created_at',
  updated_at: 'subnets.updated_at',
  name: 'subnets.name',
  ip_version: 'subnets.ip_version',
  network_id: 'subnets.network_id',
  cidr: 'subnets.cidr',
  gateway_ip: 'subnets.gateway_ip',
  enable_dhcp: 'subnets.enable_dhcp',
  ipv6_ra_mode: 'subnets.ipv6_ra_mode',
  ipv6_address_mode: 'subnets.ipv6_address_mode',
} as const;

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
    const subnets = new Map<string, SubnetRow[]>();
    const rows = await db
      .selectFrom('subnets')
      .selectAll()
      .where('network_id', 'in', some)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    for (const row of rows) {
      const known = subnets.get(row.network_id);
      if (known) known.push(row);
      else subnets.set(row.network_id, [row]);
    }
    return subnets;
  });
}

/** The subnets of one network. */
export async function subnetsOf(db: Db, networkId: string): Promise<readonly SubnetRow[]> {
  return (await subnetsOfNetworks(db, [networkId])).get(networkId) ?? [];
}

export async function insertSubnet(db: Db, subnet: Insertable<SubnetsTable>): Promise<void> {
  await db.insertInto('subnets').values(subnet).execute();
}

/** Changes a subnet, counts the change, and returns the row as it is then. */
export async function updateSubnet(
  db: Db,
  id: string,
  change: Updateable<SubnetsTable>,
): Promise<SubnetRow> {
  return await db
    .updateTable('subnets')
    .set((eb) => ({ ...change, revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
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
