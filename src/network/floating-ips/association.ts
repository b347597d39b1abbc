/** Finds out where a floating IP would lead: the address of a port, through a router. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import { portNotFound } from '../network.faults.ts';
import { findVisiblePort } from '../ports/port-list.store.ts';
import { alreadyAssociated, externalGatewayNotFound } from './floating-ip.faults.ts';
import { chooseFixedIp, chooseRouter } from './floating-ip.rules.ts';
import { findAssociated, findRoutersBetween, type FloatingIpRow } from './floating-ip.store.ts';

/** The columns of a floating IP that say where it leads. */
export type Association = Pick<FloatingIpRow, 'fixed_port_id' | 'fixed_ip_address' | 'router_id'>;

export const NOWHERE: Association = {
  fixed_port_id: null,
  fixed_ip_address: null,
  router_id: null,
};

/** Where the floating IP leads when it is given to the port, for the address named or the only one that there is. */
export async function associationWith(
  tx: Tx,
  ctx: Context,
  floatingIp: Pick<
    FloatingIpRow,
    'id' | 'project_id' | 'floating_network_id' | 'floating_ip_address'
  >,
  { portId, fixedIp }: { readonly portId: string; readonly fixedIp: string | null },
): Promise<Association> {
  const port = await findVisiblePort(tx, ctx, portId);
  if (!port) throw portNotFound(portId);
  const fixedIps = (await fixedIpsOfPorts(tx, [portId])).get(portId) ?? [];
  const chosen = chooseFixedIp(
    { id: portId, projectId: port.project_id, deviceOwner: port.device_owner, fixedIps },
    fixedIp,
    { projectId: floatingIp.project_id, anyProject: isAdministrator(ctx) },
  );
  const way = { networkId: floatingIp.floating_network_id, subnetId: chosen.subnet_id, portId };
  const routerId = chooseRouter(await findRoutersBetween(tx, way));
  if (routerId === undefined) throw externalGatewayNotFound(way);
  const other = await findAssociated(tx, {
    portId,
    fixedIp: chosen.ip_address,
    networkId: floatingIp.floating_network_id,
    except: floatingIp.id,
  });
  if (other) throw alreadyAssociated(floatingIp, { portId, fixedIp: chosen.ip_address });
  return { fixed_port_id: portId, fixed_ip_address: chosen.ip_address, router_id: routerId };
}
