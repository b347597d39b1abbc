/** Makes a port, in the transaction of whoever wants one. */
import type { Context } from '#platform/context.ts';
import { flag, type Tx } from '#platform/db/tables.ts';
import { authorizeCreate } from '../attributes/authorize.ts';
import type { Sent } from '../attributes/request-body.ts';
import { timestamp } from '../attributes/standard.ts';
import { PART_OWNERS, planBinding } from '../binding/binding.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import {
  macAddressGenerationFailure,
  macAddressInUse,
  qosPolicyNotFound,
} from '../network.faults.ts';
import { isSharedWith, type NetworkRow } from '../networks/network.store.ts';
import { usableNetwork } from '../networks/usable-network.ts';
import { checkDevice } from '../routers/check-device.ts';
import { checkQuota } from '../quotas/check-quota.ts';
import {
  checkPortGroups,
  ensureDefaultGroup,
  setPortGroups,
} from '../security-groups/port-groups.ts';
import { withMacs } from './address-pairs.ts';
import { mergeDhcpOpts } from './dhcp-opts.ts';
import { giveAddresses } from './port-addresses.ts';
import { targetOfPort } from './port-target.ts';
import { portModeOf } from './port-modes.ts';
import {
  checkEthertypes,
  checkFixedIpCount,
  checkMac,
  checkPairCount,
  checkSecurityOnCreate,
  ipAllocationOf,
  MAC_TRIES,
} from './port.rules.ts';
import { PORT, type PortCreate } from './port.schema.ts';
import { insertPort, writeBinding, type PortRow } from './port.store.ts';

/** `id` is chosen by callers that may ask twice for the same port. */
export async function createPort(
  deps: NetworkDeps,
  tx: Tx,
  ctx: Context,
  { values, chosen, id }: Sent<PortCreate> & { readonly id?: string },
): Promise<PortRow> {
  const projectId = values.project_id;
  const network = await usableNetwork(tx, ctx, values.network_id, { projectId, resource: 'port' });
  // Ports that the cloud makes for its own ends are not counted against anybody.
  const isOwn = ctx.internal && PART_OWNERS.includes(values.device_owner);
  if (!isOwn) await checkQuota(tx, projectId, 'port', 1);
  const shared = await isSharedWith(tx, network.id, ctx.projectId);
  const target = targetOfPort(values, network, shared);
  authorizeCreate(deps.policy, ctx, PORT, { target, chosen });
  await checkDevice(tx, ctx, values);
  if (values.qos_policy_id != null) throw qosPolicyNotFound(values.qos_policy_id);
  checkPairCount(values.allowed_address_pairs.length, deps.settings.maxAddressPairs);
  checkFixedIpCount(values.fixed_ips?.length ?? 0, deps.settings.maxFixedIps);
  const { port_mode, permitted_ethertypes } = values;
  const mode = portModeOf({ port_mode, ip_allocation: ipAllocationOf(values.fixed_ips) });
  checkEthertypes(mode, permitted_ethertypes);

  const row = await writePort(deps, tx, values, network, id ?? deps.newId());
  await giveAddresses(deps, tx, row, values.fixed_ips);
  await writeGroups(deps, tx, ctx, row, values);
  const host = values['binding:host_id'];
  await writeBinding(tx, {
    ...planBinding(host, values['binding:vnic_type'], (name) => deps.hosts.isKnown(name)),
    port_id: row.id,
    status: 'ACTIVE',
    profile: JSON.stringify(values['binding:profile']),
  });
  return row;
}

async function writePort(
  { now, newMac }: NetworkDeps,
  tx: Tx,
  values: PortCreate,
  network: NetworkRow,
  id: string,
): Promise<PortRow> {
  const at = timestamp(now());
  const wantedMac = values.mac_address ?? null;
  if (wantedMac !== null) checkMac(wantedMac);
  for (let tries = 0; tries < (wantedMac === null ? MAC_TRIES : 1); tries += 1) {
    const mac = wantedMac ?? newMac();
    const row: PortRow = {
      id,
      project_id: values.project_id,
      network_id: network.id,
      name: values.name,
      description: values.description,
      mac_address: mac,
      admin_state_up: flag(values.admin_state_up),
      status: 'DOWN',
      status_reason: null,
      device_id: values.device_id,
      device_owner: values.device_owner,
      ip_allocation: ipAllocationOf(values.fixed_ips),
      port_security_enabled: flag(hasPortSecurity(values, network)),
      allowed_address_pairs: JSON.stringify(withMacs(values.allowed_address_pairs, mac)),
      extra_dhcp_opts: JSON.stringify(mergeDhcpOpts([], values.extra_dhcp_opts)),
      dns_name: values.dns_name,
      dns_domain: values.dns_domain,
      propagate_uplink_status: flag(values.propagate_uplink_status),
      numa_affinity_policy: values.numa_affinity_policy,
      port_mode: values.port_mode,
      permitted_ethertypes: JSON.stringify(values.permitted_ethertypes),
      storm_control: JSON.stringify(values.storm_control),
      storm_clears: 0,
      revision_number: 1,
      created_at: at,
      updated_at: at,
    };
    if (await insertPort(tx, row)) return row;
  }
  throw wantedMac === null
    ? macAddressGenerationFailure(network.id)
    : macAddressInUse(network.id, wantedMac);
}

/** The cloud's own ports (DHCP servers, routers) are trusted; others do as their maker or their network says. */
function hasPortSecurity(values: PortCreate, network: NetworkRow): boolean {
  if (isTrusted(values)) return false;
  return values.port_security_enabled ?? network.port_security_enabled === 1;
}

function isTrusted({ device_owner }: { device_owner: string }): boolean {
  return device_owner.startsWith('network:');
}

async function writeGroups(
  { newId, now }: NetworkDeps,
  tx: Tx,
  ctx: Context,
  row: PortRow,
  values: PortCreate,
): Promise<void> {
  const enabled = row.port_security_enabled === 1;
  const given = values.security_groups;
  if (given) await checkPortGroups(tx, ctx, row.project_id, given);
  checkSecurityOnCreate({
    enabled,
    groupIds: given ?? [],
    pairCount: values.allowed_address_pairs.length,
  });
  const needsDefault = given === undefined && enabled && row.project_id !== '';
  const groupIds = needsDefault
    ? [await ensureDefaultGroup(tx, row.project_id, { newId, now })]
    : (given ?? []);
  if (groupIds.length > 0) await setPortGroups(tx, row.id, groupIds);
}
