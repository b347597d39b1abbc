/** Nobody makes a port an interface of somebody else's router. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import { ROUTER_INTERFACE_OWNER } from '../binding/binding.rules.ts';
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
