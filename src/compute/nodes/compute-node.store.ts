/** Hosts that have ever had an agent, in SQL. */
import type { HostFacts } from '#base/host/document.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ComputeNodesTable } from '#platform/db/tables/compute.ts';

export type ComputeNodeRow = ComputeNodesTable;

export async function listComputeNodes(db: Db): Promise<readonly ComputeNodeRow[]> {
  return await db.selectFrom('compute_nodes').selectAll().orderBy('number').execute();
}

export async function findComputeNode(db: Db, host: string): Promise<ComputeNodeRow | undefined> {
  return await db
    .selectFrom('compute_nodes')
    .selectAll()
    .where('host', '=', host)
    .executeTakeFirst();
}

/** Makes a host known, or renews what is known of it. */
export async function upsertComputeNode(
  db: Db,
  node: {
    readonly id: string;
    readonly serviceId: string;
    readonly facts: HostFacts;
    readonly at: string;
  },
): Promise<void> {
  const last = await db
    .selectFrom('compute_nodes')
    .select((eb) => eb.fn.max('number').as('last'))
    .executeTakeFirst();
  await db
    .insertInto('compute_nodes')
    .values({
      host: node.facts.host,
      id: node.id,
      number: (last?.last ?? 0) + 1,
      service_id: node.serviceId,
      facts: JSON.stringify(node.facts),
      disabled: 0,
      disabled_reason: null,
      forced_down: 0,
      created_at: node.at,
      updated_at: node.at,
    })
    .onConflict((conflict) =>
      conflict.column('host').doUpdateSet((eb) => ({
        id: eb.ref('excluded.id'),
        facts: eb.ref('excluded.facts'),
        updated_at: eb.ref('excluded.updated_at'),
      })),
    )
    .execute();
}

export const factsOf = (row: ComputeNodeRow): HostFacts => JSON.parse(row.facts) as HostFacts;
