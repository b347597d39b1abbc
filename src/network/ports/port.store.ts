/** Ports in SQL. Every function takes the connection it runs on, so the caller owns the transaction. */
import type { Insertable, Selectable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { PortBindingsTable, PortsTable } from '#platform/db/tables/network.ts';

export type PortRow = Selectable<PortsTable>;
export type BindingRow = Selectable<PortBindingsTable>;

export async function findPort(db: Db, id: string): Promise<PortRow | undefined> {
  return await db.selectFrom('ports').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those of the ports that are there, in the order of the ids. */
export async function findPorts(db: Db, ids: readonly string[]): Promise<readonly PortRow[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('ports').selectAll().where('id', 'in', ids).execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
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

/** Deletes ports with all that belongs to them. */
export async function deletePorts(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.deleteFrom('resource_tags').where('resource_id', 'in', ids).execute();
  // Users' ports have been released before (`floating-ips/port-release.ts`); the cloud's own seldom need it.
  await db
    .updateTable('floating_ips')
    .set({ fixed_port_id: null, fixed_ip_address: null, router_id: null })
    .where('fixed_port_id', 'in', ids)
    .execute();
  await db.deleteFrom('router_ports').where('port_id', 'in', ids).execute();
  await db
    .updateTable('routers')
    .set({ gateway_port_id: null })
    .where('gateway_port_id', 'in', ids)
    .execute();
  // Bindings, addresses and groups go with the port.
  await db.deleteFrom('ports').where('id', 'in', ids).execute();
}

/** Writes a port's active binding, in place of the one before and of an inactive one to the same host. */
export async function writeBinding(db: Db, binding: BindingRow): Promise<void> {
  await db
    .deleteFrom('port_bindings')
    .where('port_id', '=', binding.port_id)
    .where((eb) => eb.or([eb('status', '=', 'ACTIVE'), eb('host', '=', binding.host)]))
    .execute();
  await insertBinding(db, binding);
}

export async function insertBinding(db: Db, binding: BindingRow): Promise<void> {
  await db.insertInto('port_bindings').values(binding).execute();
}

export async function findBinding(
  db: Db,
  portId: string,
  host: string,
): Promise<BindingRow | undefined> {
  return await db
    .selectFrom('port_bindings')
    .selectAll()
    .where('port_id', '=', portId)
    .where('host', '=', host)
    .executeTakeFirst();
}

/** All bindings of a port, by host. */
export async function listBindings(db: Db, portId: string): Promise<readonly BindingRow[]> {
  return await db
    .selectFrom('port_bindings')
    .selectAll()
    .where('port_id', '=', portId)
    .orderBy('host')
    .execute();
}

export async function deleteBinding(db: Db, portId: string, host: string): Promise<void> {
  await db
    .deleteFrom('port_bindings')
    .where('port_id', '=', portId)
    .where('host', '=', host)
    .execute();
}

export async function deleteInactiveBindings(db: Db, portId: string): Promise<void> {
  await db
    .deleteFrom('port_bindings')
    .where('port_id', '=', portId)
    .where('status', '=', 'INACTIVE')
    .execute();
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
