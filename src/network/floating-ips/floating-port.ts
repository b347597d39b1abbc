/** The port that holds a floating IP's address on the external network. No host plugs it, and no project has it. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { fixedIpsOfPorts, type FixedIpRow } from '../ipam/fixed-ip.store.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { createOwnPort } from '../ports/own-port.ts';
import { externalAddressExhausted } from './floating-ip.faults.ts';
import { ipv4Of } from './floating-ip.rules.ts';
import type { FloatingIpCreate } from './floating-ip.schema.ts';

const FLOATING_IP_OWNER = 'network:floatingip';

/** Makes it, with any address that the network has to give or the one asked for, and returns that address. */
export async function createFloatingPort(
  deps: NetworkDeps,
  tx: Tx,
  ctx: Context,
  {
    floatingIpId,
    values: { floating_network_id: networkId, floating_ip_address: ip, subnet_id: subnetId },
  }: { readonly floatingIpId: string; readonly values: FloatingIpCreate },
): Promise<FixedIpRow> {
  const wanted = {
    ...(subnetId !== null && { subnet_id: subnetId }),
    ...(ip !== null && { ip_address: ip }),
  };
  const port = await createOwnPort(deps, tx, ctx, {
    projectId: '',
    networkId,
    deviceId: floatingIpId,
    deviceOwner: FLOATING_IP_OWNER,
    fixedIps: Object.keys(wanted).length > 0 ? [wanted] : undefined,
  });
  const [address] = ipv4Of((await fixedIpsOfPorts(tx, [port.id])).get(port.id) ?? []);
  if (!address) throw externalAddressExhausted(networkId);
  return address;
}
