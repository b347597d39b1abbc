/** What becomes of floating IPs and port forwardings when ports go, or have other addresses. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { updateRow } from '../attributes/list.store.ts';
import { removeForwardings } from '../port-forwardings/port-forwarding.service.ts';
import {
  forwardingsToPort,
  type PortForwardingRow,
} from '../port-forwardings/port-forwarding.store.ts';
import { NOWHERE } from './association.ts';
import { fixedIpNeeded, portHasFloatingIp } from './floating-ip.faults.ts';
import { findFloatingIps, floatingIpsOfPorts } from './floating-ip.store.ts';

/** Call it before a port is deleted. Returns the routers that lead there no more. */
export async function releasePort(
  tx: Tx,
  ctx: Context,
  portId: string,
  at: string,
): Promise<readonly string[]> {
  const floatingIps = (await floatingIpsOfPorts(tx, [portId])).get(portId) ?? [];
  // compat: what somebody else has led to the port is not the caller's to break.
  const foreign = floatingIps.some((row) => row.project_id !== ctx.projectId);
  if (foreign && !isPrivileged(ctx)) throw portHasFloatingIp(portId);
  for (const { id } of floatingIps) {
    await updateRow(tx, 'floating_ips', id, { ...NOWHERE, updated_at: at });
  }
  const routers = floatingIps.flatMap((row) => row.router_id ?? []);
  return [...routers, ...(await dropForwardings(tx, await forwardingsToPort(tx, portId), at))];
}

/**
 * Call it when a port has got other addresses: refuses to take one from a floating IP, and drops the forwardings
 * to those that are gone. Returns the routers that forward there no more.
 */
export async function releaseAddresses(
  tx: Tx,
  portId: string,
  left: readonly { readonly ip_address: string }[],
  at: string,
): Promise<readonly string[]> {
  const has = (ip: string | null) => left.some(({ ip_address }) => ip_address === ip);
  const floatingIps = (await floatingIpsOfPorts(tx, [portId])).get(portId) ?? [];
  if (!floatingIps.every((row) => has(row.fixed_ip_address))) throw fixedIpNeeded(portId);
  const forwardings = await forwardingsToPort(tx, portId);
  const gone = forwardings.filter((row) => !has(row.internal_ip_address));
  return await dropForwardings(tx, gone, at);
}

async function dropForwardings(
  tx: Tx,
  rows: readonly PortForwardingRow[],
  at: string,
): Promise<readonly string[]> {
  const byFloatingIp = Map.groupBy(rows, (row) => row.floating_ip_id);
  const before = await findFloatingIps(tx, [...byFloatingIp.keys()]);
  for (const [floatingIpId, own] of byFloatingIp) {
    const ids = own.map((row) => row.id);
    await removeForwardings(tx, floatingIpId, ids, at);
  }
  return before.flatMap((row) => row.router_id ?? []);
}
