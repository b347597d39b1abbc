/** A server's virtual network cards in SQL. */
import { MAX_NICS } from '#base/host/domain.ts';
import type { Db } from '#platform/db/tables.ts';
import type { InterfacesTable } from '#platform/db/tables/compute.ts';

export type InterfaceRow = InterfacesTable;

export async function insertInterfaces(db: Db, rows: readonly InterfaceRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('interfaces')
    .values([...rows])
    .onConflict((conflict) => conflict.column('port_id').doNothing())
    .execute();
}

export async function findInterface(db: Db, portId: string): Promise<InterfaceRow | undefined> {
  return await db
    .selectFrom('interfaces')
    .selectAll()
    .where('port_id', '=', portId)
    .executeTakeFirst();
}

/** A server's cards, in the order in which they were attached. */
export async function listInterfaces(db: Db, serverId: string): Promise<readonly InterfaceRow[]> {
  return await db
    .selectFrom('interfaces')
    .selectAll()
    .where('server_id', '=', serverId)
    .orderBy('position')
    .execute();
}

/** Cards of several servers, by server id. */
export async function listInterfacesOf(
  db: Db,
  serverIds: readonly string[],
): Promise<ReadonlyMap<string, readonly InterfaceRow[]>> {
  if (serverIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('interfaces')
    .selectAll()
    .where('server_id', 'in', [...serverIds])
    .orderBy('server_id')
    .orderBy('position')
    .execute();
  return Map.groupBy(rows, (row) => row.server_id);
}

/** Cards of all servers, by server id. */
export async function listAllInterfaces(
  db: Db,
): Promise<ReadonlyMap<string, readonly InterfaceRow[]>> {
  const rows = await db.selectFrom('interfaces').selectAll().orderBy('position').execute();
  return Map.groupBy(rows, (row) => row.server_id);
}

export async function updateInterface(
  db: Db,
  portId: string,
  change: Partial<Pick<InterfaceRow, 'state' | 'mac' | 'mtu' | 'network_id'>>,
): Promise<void> {
  await db.updateTable('interfaces').set(change).where('port_id', '=', portId).execute();
}

export async function deleteInterface(db: Db, portId: string): Promise<void> {
  await db.deleteFrom('interfaces').where('port_id', '=', portId).execute();
}

export async function deleteInterfacesOf(db: Db, serverId: string): Promise<void> {
  await db.deleteFrom('interfaces').where('server_id', '=', serverId).execute();
}

/** The lowest slot that no card has; undefined when the server is full. */
export function freeSlot(cards: readonly Pick<InterfaceRow, 'slot'>[]): number | undefined {
  const taken = new Set(cards.map(({ slot }) => slot));
  for (let slot = 0; slot < MAX_NICS; slot++) if (!taken.has(slot)) return slot;
  return undefined;
}
