/** Ports in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import {
  sql,
  type ExpressionBuilder,
  type Insertable,
  type Selectable,
  type SqlBool,
  type Updateable,
} from 'kysely';
import type { Context } from '#platform/context.ts';
import { applyPage } from '#platform/db/page.ts';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { PortBindingsTable, PortsTable } from '#platform/db/tables/network.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import {
  inChunks,
  listConditions,
  oneOf,
  tagsOf,
  type OwnFilters,
} from '../attributes/list.store.ts';
import { fixedIpsOfPorts, type FixedIpRow } from '../ipam/fixed-ip.store.ts';
import { findNetworksById, type NetworkRow } from '../networks/network.store.ts';

export type PortRow = Selectable<PortsTable>;
export type BindingRow = Selectable<PortBindingsTable>;

/** A port with what belongs to it. */
export type Port = {
  readonly row: PortRow;
  readonly network: NetworkRow;
  readonly binding: BindingRow;
  readonly fixedIps: readonly FixedIpRow[];
  readonly groupIds: readonly string[];
  readonly tags: readonly string[];
};

/** The ports that somebody may see: their own, and those on their networks. */
function visibility(eb: ExpressionBuilder<Tables, 'ports'>, ctx: Context) {
  if (isPrivileged(ctx)) return eb.and([]);
  return eb.or([
    eb('ports.project_id', '=', ctx.projectId),
    eb(
      'ports.network_id',
      'in',
      eb.selectFrom('networks').select('networks.id').where('project_id', '=', ctx.projectId),
    ),
  ]);
}

export async function findVisiblePort(
  db: Db,
  ctx: Context,
  id: string,
): Promise<PortRow | undefined> {
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('ports.id', '=', id)
    .where((eb) => visibility(eb, ctx))
    .executeTakeFirst();
}

export async function findPort(db: Db, id: string): Promise<PortRow | undefined> {
  return await db.selectFrom('ports').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findPorts(db: Db, ids: readonly string[]): Promise<readonly PortRow[]> {
  if (ids.length === 0) return [];
  return await db.selectFrom('ports').selectAll().where('id', 'in', ids).execute();
}

/** One page of the ports that the caller may see. `marker` is the row that the page comes after. */
export async function listPorts(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: PortRow | undefined,
): Promise<readonly PortRow[]> {
  const rows = await applyPage(
    db
      .selectFrom('ports')
      .selectAll()
      .where((eb) => visibility(eb, ctx))
      .where((eb) => listConditions(eb, 'ports', query, OWN_FILTERS)),
    query.page,
    SORT_COLUMNS,
    marker,
  ).execute();
  return query.page.reverse ? rows.toReversed() : rows;
}

const SORT_COLUMNS = {
  id: 'ports.id',
  project_id: 'ports.project_id',
  description: 'ports.description',
  revision_number: 'ports.revision_number',
  created_at: 'ports.created_at',
  updated_at: 'ports.updated_at',
  name: 'ports.name',
  network_id: 'ports.network_id',
  admin_state_up: 'ports.admin_state_up',
  mac_address: 'ports.mac_address',
  device_id: 'ports.device_id',
  device_owner: 'ports.device_owner',
  status: 'ports.status',
  ip_allocation: 'ports.ip_allocation',
} as const;

const OWN_FILTERS: OwnFilters<'ports'> = {
  mac_address: (eb, values) =>
    oneOf(
      eb,
      'ports.mac_address',
      values.map((mac) => String(mac).toLowerCase()),
    ),
  'binding:host_id': (eb, values) =>
    eb(
      'ports.id',
      'in',
      eb.selectFrom('port_bindings').select('port_id').where('host', 'in', values.map(String)),
    ),
  security_groups: (eb, values) =>
    eb(
      'ports.id',
      'in',
      eb
        .selectFrom('port_security_groups')
        .select('port_id')
        .where('security_group_id', 'in', values.map(String)),
    ),
  fixed_ips: (eb, values) => addressFilter(eb, values.map(String)),
};

/** `subnet_id=...`, `ip_address=...`, `ip_address_substr=...`: one of each kind that is given must fit. */
function addressFilter(eb: ExpressionBuilder<Tables, 'ports'>, values: readonly string[]) {
  const given = (kind: string) =>
    values
      .filter((value) => value.startsWith(`${kind}=`))
      .map((value) => value.slice(kind.length + 1));
  const withAddress = () => eb.selectFrom('fixed_ips').select('port_id');
  const subnets = given('subnet_id');
  const addresses = given('ip_address');
  const parts = given('ip_address_substr');
  return eb.and([
    ...(subnets.length > 0
      ? [eb('ports.id', 'in', withAddress().where('subnet_id', 'in', subnets))]
      : []),
    ...(addresses.length > 0
      ? [eb('ports.id', 'in', withAddress().where('ip_address', 'in', addresses))]
      : []),
    ...(parts.length > 0
      ? [
          eb(
            'ports.id',
            'in',
            withAddress().where((inner) =>
              inner.or(
                parts.map(
                  (part) =>
                    sql<SqlBool>`ip_address like ${`%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`} escape '\\'`,
                ),
              ),
            ),
          ),
        ]
      : []),
  ]);
}

/** Ports with all that belongs to them, by one query a kind. */
export async function wholePorts(db: Db, rows: readonly PortRow[]): Promise<readonly Port[]> {
  const ids = rows.map((row) => row.id);
  const networks = await findNetworksById(db, [...new Set(rows.map((row) => row.network_id))]);
  const bindings = await bindingsOfPorts(db, ids);
  const fixedIps = await fixedIpsOfPorts(db, ids);
  const groupIds = await groupIdsOfPorts(db, ids);
  const tags = await tagsOf(db, ids);
  return rows.map((row) => ({
    row,
    network: must(networks.get(row.network_id), 'network', row),
    binding: must(bindings.get(row.id), 'binding', row),
    fixedIps: fixedIps.get(row.id) ?? [],
    groupIds: groupIds.get(row.id) ?? [],
    tags: tags.get(row.id) ?? [],
  }));
}

export async function wholePort(db: Db, row: PortRow): Promise<Port> {
  const [port] = await wholePorts(db, [row]);
  return must(port, 'whole', row);
}

function must<T>(value: T | undefined, what: string, row: PortRow): T {
  if (value === undefined) throw new Error(`the port ${row.id} has no ${what}`);
  return value;
}

/** Groups by port, without what only groups know of themselves. */
async function groupIdsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  return await inChunks(portIds, async (some) => {
    const groupIds = new Map<string, string[]>();
    const rows = await db
      .selectFrom('port_security_groups')
      .select(['port_id', 'security_group_id'])
      .where('port_id', 'in', some)
      .orderBy('port_id')
      .orderBy('security_group_id')
      .execute();
    for (const { port_id, security_group_id } of rows) {
      const known = groupIds.get(port_id);
      if (known) known.push(security_group_id);
      else groupIds.set(port_id, [security_group_id]);
    }
    return groupIds;
  });
}

async function bindingsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<ReadonlyMap<string, BindingRow>> {
  return await inChunks(portIds, async (some) => {
    const rows = await db
      .selectFrom('port_bindings')
      .selectAll()
      .where('port_id', 'in', some)
      .where('status', '=', 'ACTIVE')
      .execute();
    return new Map(rows.map((row) => [row.port_id, row]));
  });
}

/** Writes a port. False when another port of the network has its MAC. */
export async function insertPort(db: Db, port: Insertable<PortsTable>): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('ports')
    .values(port)
    .onConflict((conflict) => conflict.columns(['network_id', 'mac_address']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** Changes a port, counts the change, and returns the row as it is then. */
export async function updatePort(
  db: Db,
  id: string,
  change: Updateable<PortsTable>,
): Promise<PortRow> {
  return await db
    .updateTable('ports')
    .set((eb) => ({ ...change, revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Sets the status, unless it is that already. Returns whether it was changed. */
export async function setPortStatus(
  db: Db,
  id: string,
  status: PortRow['status'],
  at: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('ports')
    .set((eb) => ({ status, updated_at: at, revision_number: eb('revision_number', '+', 1) }))
    .where('id', '=', id)
    .where('status', '!=', status)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Deletes ports with all that belongs to them. */
export async function deletePorts(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.deleteFrom('resource_tags').where('resource_id', 'in', ids).execute();
  // Bindings, addresses and groups go with the port.
  await db.deleteFrom('ports').where('id', 'in', ids).execute();
}

export async function writeBinding(db: Db, binding: BindingRow): Promise<void> {
  await db.deleteFrom('port_bindings').where('port_id', '=', binding.port_id).execute();
  await db.insertInto('port_bindings').values(binding).execute();
}

/** Another port of the network that has the MAC. */
export async function findPortByMac(
  db: Db,
  networkId: string,
  mac: string,
): Promise<PortRow | undefined> {
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('network_id', '=', networkId)
    .where('mac_address', '=', mac)
    .executeTakeFirst();
}

export async function findPortByAddress(
  db: Db,
  networkId: string,
  ip: string,
): Promise<PortRow | undefined> {
  return await db
    .selectFrom('fixed_ips')
    .innerJoin('ports', 'ports.id', 'fixed_ips.port_id')
    .selectAll('ports')
    .where('fixed_ips.ip_address', '=', ip)
    .where('fixed_ips.network_id', '=', networkId)
    .executeTakeFirst();
}

export async function findPortsOnNetwork(
  db: Db,
  networkId: string,
): Promise<readonly Pick<PortRow, 'id' | 'device_owner'>[]> {
  return await db
    .selectFrom('ports')
    .select(['id', 'device_owner'])
    .where('network_id', '=', networkId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The ports of a network that belong to a device owner. */
export async function findOwnedPorts(
  db: Db,
  networkId: string,
  deviceOwner: string,
): Promise<readonly PortRow[]> {
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('network_id', '=', networkId)
    .where('device_owner', '=', deviceOwner)
    .execute();
}

/** The ports of devices, in the order in which they were made. */
export async function findPortsOfDevices(
  db: Db,
  ctx: Context,
  deviceIds: readonly string[],
): Promise<readonly PortRow[]> {
  if (deviceIds.length === 0) return [];
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('device_id', 'in', deviceIds)
    .where((eb) => visibility(eb, ctx))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The ports of a network that are meant to have addresses, but those of the cloud's own services. */
export async function findAddressedPorts(db: Db, networkId: string): Promise<readonly PortRow[]> {
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('network_id', '=', networkId)
    .where('ip_allocation', '!=', 'none')
    .where('device_owner', 'not like', 'network:%')
    .execute();
}
