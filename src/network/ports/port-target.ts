/** Whose a port is, and whose its network is, as policies ask for it. */
import type { NetworkRow } from '../networks/network.store.ts';

/** `shared`: the caller has the network as shared; it only matters for making ports. */
export function targetOfPort(
  port: { readonly project_id: string; readonly device_owner: string },
  network: NetworkRow,
  shared = false,
) {
  return {
    project_id: port.project_id,
    tenant_id: port.project_id,
    'network:project_id': network.project_id,
    'network:tenant_id': network.project_id,
    device_owner: port.device_owner,
    shared,
  };
}
