/** Agents in SQL: what is remembered of them beyond what hosts report. */
import type { Selectable, Updateable } from 'kysely';
import type { Db } from '#platform/db/tables.ts';
import type { NetworkAgentsTable } from '#platform/db/tables/network-security.ts';

export type AgentRow = Selectable<NetworkAgentsTable>;

export async function listAgents(db: Db): Promise<readonly AgentRow[]> {
  return await db.selectFrom('network_agents').selectAll().orderBy('id').execute();
}

export async function findAgent(db: Db, id: string): Promise<AgentRow | undefined> {
  return await db.selectFrom('network_agents').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Writes agents that are not known yet. */
export async function ensureAgents(db: Db, agents: readonly AgentRow[]): Promise<void> {
  if (agents.length === 0) return;
  await db
    .insertInto('network_agents')
    .values(agents)
    .onConflict((conflict) => conflict.columns(['host', 'agent_type']).doNothing())
    .execute();
}

export async function updateAgent(
  db: Db,
  id: string,
  change: Updateable<NetworkAgentsTable>,
): Promise<void> {
  await db.updateTable('network_agents').set(change).where('id', '=', id).execute();
}

export async function deleteAgent(db: Db, id: string): Promise<void> {
  await db.deleteFrom('network_agents').where('id', '=', id).execute();
}
