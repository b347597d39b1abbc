/** The network that something is to be made on. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { foreignNetwork, networkNotFound } from '../network.faults.ts';
import { findVisibleNetwork, isSharedWith, type NetworkRow } from './network.store.ts';

/**
 * The network, when the caller sees it, and when the project is its owner or has it shared. `resource` is what
 * is to be made.
 */
export async function usableNetwork(
  tx: Tx,
  ctx: Context,
  networkId: string,
  { projectId, resource }: { readonly projectId: string; readonly resource: 'port' | 'subnet' },
): Promise<NetworkRow> {
  const network = await findVisibleNetwork(tx, ctx, networkId);
  if (!network) throw networkNotFound(networkId);
  if (isPrivileged(ctx) || network.project_id === projectId) return network;
  if (await isSharedWith(tx, networkId, projectId)) return network;
  throw foreignNetwork(projectId, resource);
}
