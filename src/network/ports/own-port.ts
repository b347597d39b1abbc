/** Makes a port of the cloud's own, such as a router's. */
import { internalContext, type Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import type { FixedIpWanted } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { createPort } from './port-create.ts';
import type { PortCreate } from './port.schema.ts';
import type { PortRow } from './port.store.ts';

/** What a port has when nobody says otherwise. */
export const PLAIN_PORT = {
  name: '',
  description: '',
  admin_state_up: true,
  'binding:host_id': '',
  'binding:vnic_type': 'normal',
  'binding:profile': {},
  port_mode: null,
  permitted_ethertypes: [],
  storm_control: {},
  allowed_address_pairs: [],
  extra_dhcp_opts: [],
  dns_name: '',
  dns_domain: '',
  propagate_uplink_status: true,
  numa_affinity_policy: null,
} as const satisfies Partial<PortCreate>;

/** `fixedIps` undefined: whatever the network has to give. Quotas and policies are for what people make. */
export async function createOwnPort(
  deps: NetworkDeps,
  tx: Tx,
  ctx: Context,
  wanted: {
    readonly projectId: string;
    readonly networkId: string;
    readonly deviceId: string;
    readonly deviceOwner: string;
    readonly fixedIps: readonly FixedIpWanted[] | undefined;
  },
): Promise<PortRow> {
  const own = internalContext(ctx.log, ctx.signal, ctx.projectId, ctx.requestId);
  return await createPort(deps, tx, own, {
    values: {
      project_id: wanted.projectId,
      network_id: wanted.networkId,
      ...PLAIN_PORT,
      device_id: wanted.deviceId,
      device_owner: wanted.deviceOwner,
      ...(wanted.fixedIps && { fixed_ips: wanted.fixedIps }),
    },
    chosen: {},
  });
}
