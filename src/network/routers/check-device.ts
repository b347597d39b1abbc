/** Nobody makes a port an interface of somebody else's router, or something else of the interface of a router. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import { ROUTER_INTERFACE_OWNER } from '../binding/binding.rules.ts';
import { portInUse } from '../network.faults.ts';
import { foreignDevice } from './router.faults.ts';
import { findRouter } from './router.store.ts';

export async function checkDevice(
  tx: Tx,
  ctx: Context,
  port: {
    readonly project_id: string;
    readonly device_id: string;
    readonly device_owner: string;
  },
): Promise<void> {
  if (port.device_owner !== ROUTER_INTERFACE_OWNER || isAdministrator(ctx)) return;
  const router = port.device_id === '' ? undefined : await findRouter(tx, port.device_id);
  if (router && router.project_id !== port.project_id) throw foreignDevice(port.device_id);
}

/**
 * An interface is unguarded, as routers are trusted. Given to a server it would let that pose as anybody, even on a
 * network of another project: only administrators take it from its router otherwise than by the router.
 */
export function checkReleased(
  ctx: Context,
  port: {
    readonly id: string;
    readonly network_id: string;
    readonly device_id: string;
    readonly device_owner: string;
  },
  after: { readonly device_id: string; readonly device_owner: string },
): void {
  if (port.device_owner !== ROUTER_INTERFACE_OWNER || isAdministrator(ctx)) return;
  if (after.device_owner === port.device_owner && after.device_id === port.device_id) return;
  throw portInUse(port.id, port.network_id, port.device_id);
}
