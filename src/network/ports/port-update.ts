/** Changes a port, in the transaction of whoever changes it. */
import { isDeepStrictEqual } from 'node:util';
import { flag, type Tx } from '#platform/db/tables.ts';
import type { Context } from '#platform/context.ts';
import { updateRow } from '../attributes/list.store.ts';
import { timestamp } from '../attributes/standard.ts';
import { planBinding, statusOf } from '../binding/binding.rules.ts';
import type { FixedIpWanted } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import {
  macAddressGenerationFailure,
  macAddressInUse,
  qosPolicyNotFound,
} from '../network.faults.ts';
import { checkDevice, checkReleased } from '../routers/check-device.ts';
import { isAutoAddress } from '../subnets/subnet.rules.ts';
import { subnetsOf } from '../subnets/subnet.store.ts';
import { checkPortGroups, setPortGroups } from '../security-groups/port-groups.ts';
import { withMacs, type AddressPair } from './address-pairs.ts';
import { mergeDhcpOpts, type DhcpOpt } from './dhcp-opts.ts';
import { changeAddresses } from './port-addresses.ts';
import { portModeOf } from './port-modes.ts';
import {
  checkEthertypes,
  checkFixedIpCount,
  checkMac,
  checkMacChange,
  checkPairCount,
  checkSecurityOnUpdate,
  MAC_TRIES,
} from './port.rules.ts';
import type { PortUpdate } from './port.schema.ts';
import {
  deleteInactiveBindings,
  findPortByMac,
  writeBinding,
  type BindingRow,
} from './port.store.ts';
import { wholePort, type Port } from './whole-port.store.ts';

/** The caller has been authorised. Returns the port as it is then. */
export async function changePort(
  deps: NetworkDeps,
  tx: Tx,
  ctx: Context,
  { before, values }: { readonly before: Port; readonly values: PortUpdate },
): Promise<Port> {
  const { settings, now, hosts } = deps;
  if (values.qos_policy_id != null) throw qosPolicyNotFound(values.qos_policy_id);
  if (values.device_id !== undefined || values.device_owner !== undefined) {
    const { device_id = before.row.device_id, device_owner = before.row.device_owner } = values;
    checkReleased(ctx, before.row, { device_id, device_owner });
    await checkDevice(tx, ctx, { project_id: before.row.project_id, device_id, device_owner });
  }
  const mac = await newMacOf(deps, tx, before, values);
  const pairs = pairsAfter(before, values, mac);
  checkPairCount(pairs.length, settings.maxAddressPairs);
  checkFixedIpCount(values.fixed_ips?.length ?? 0, settings.maxFixedIps);
  checkModeAfter(before, values);
  if (values.security_groups) {
    await checkPortGroups(tx, ctx, before.row.project_id, values.security_groups);
  }
  const groupIds = values.security_groups ?? before.groupIds;
  const secured = values.port_security_enabled ?? before.row.port_security_enabled === 1;
  checkSecurityOnUpdate(
    { enabled: secured, groupIds, pairCount: pairs.length },
    { sentGroups: (values.security_groups?.length ?? 0) > 0 },
  );

  const binding = bindingAfter(deps, before.binding, values);
  const columns = changedColumns(before, values);
  const seen = hosts.seenPort(binding.host, { ...before.row, ...columns });
  const row = await updateRow(tx, 'ports', before.row.id, {
    ...columns,
    mac_address: mac,
    port_security_enabled: flag(secured),
    allowed_address_pairs: JSON.stringify(pairs),
    extra_dhcp_opts: optsAfter(before, values),
    ...statusOf({ ...before.row, ...columns }, binding, seen),
    updated_at: timestamp(now()),
  });
  const wanted = values.fixed_ips ?? (await readdressed(tx, before, mac));
  if (wanted) await changeAddresses(deps, tx, row, wanted);
  if (values.security_groups) await setPortGroups(tx, row.id, groupIds);
  if (!isDeepStrictEqual(binding, before.binding)) await writeBinding(tx, binding);
  // Where one device might have moved says nothing of the next.
  if (row.device_id !== before.row.device_id) await deleteInactiveBindings(tx, row.id);
  return await wholePort(tx, row);
}

function checkModeAfter({ row }: Port, values: PortUpdate): void {
  const port_mode = values.port_mode === undefined ? row.port_mode : values.port_mode;
  const ethertypes =
    values.permitted_ethertypes ?? (JSON.parse(row.permitted_ethertypes) as readonly string[]);
  checkEthertypes(portModeOf({ ...row, port_mode }), ethertypes);
}

/** The MAC after the change. Sent as null, it asks for another one. */
async function newMacOf(
  { newMac }: NetworkDeps,
  tx: Tx,
  { row, binding }: Port,
  values: PortUpdate,
): Promise<string> {
  if (values.mac_address === undefined || values.mac_address === row.mac_address) {
    return row.mac_address;
  }
  if (values.mac_address !== null) {
    checkMac(values.mac_address);
    checkMacChange(row.id, { from: row.mac_address, to: values.mac_address }, binding);
    if (await findPortByMac(tx, row.network_id, values.mac_address)) {
      throw macAddressInUse(row.network_id, values.mac_address);
    }
    return values.mac_address;
  }
  for (let tries = 0; tries < MAC_TRIES; tries += 1) {
    const mac = newMac();
    if (!(await findPortByMac(tx, row.network_id, mac))) {
      checkMacChange(row.id, { from: row.mac_address, to: mac }, binding);
      return mac;
    }
  }
  throw macAddressGenerationFailure(row.network_id);
}

/** A pair without a MAC of its own goes with the port's. */
function pairsAfter({ row }: Port, values: PortUpdate, mac: string): readonly AddressPair[] {
  if (values.allowed_address_pairs) return withMacs(values.allowed_address_pairs, mac);
  const pairs = JSON.parse(row.allowed_address_pairs) as readonly AddressPair[];
  return pairs.map((pair) =>
    pair.mac_address === row.mac_address ? { ...pair, mac_address: mac } : pair,
  );
}

function optsAfter({ row }: Port, values: PortUpdate): string {
  if (!values.extra_dhcp_opts) return row.extra_dhcp_opts;
  const before = JSON.parse(row.extra_dhcp_opts) as readonly DhcpOpt[];
  return JSON.stringify(mergeDhcpOpts(before, values.extra_dhcp_opts));
}

/** With another MAC, automatic addresses are other ones; the rest stays. Undefined when nothing changes. */
async function readdressed(
  tx: Tx,
  { row, fixedIps }: Port,
  mac: string,
): Promise<readonly FixedIpWanted[] | undefined> {
  if (mac === row.mac_address || fixedIps.length === 0) return undefined;
  const subnets = await subnetsOf(tx, row.network_id);
  const automatic = new Set(subnets.filter(isAutoAddress).map((subnet) => subnet.id));
  return fixedIps.map(({ subnet_id, ip_address }) =>
    automatic.has(subnet_id) ? { subnet_id } : { subnet_id, ip_address },
  );
}

/** Where the port is bound after the change. A binding that failed is tried again by any update. */
function bindingAfter({ hosts }: NetworkDeps, before: BindingRow, values: PortUpdate): BindingRow {
  const host = values['binding:host_id'] ?? before.host;
  const vnicType = values['binding:vnic_type'] ?? before.vnic_type;
  const profile = values['binding:profile'];
  const moves = host !== before.host || vnicType !== before.vnic_type;
  const plan =
    moves || before.vif_type === 'binding_failed'
      ? planBinding(host, vnicType, (name) => hosts.isKnown(name))
      : {};
  return { ...before, ...plan, ...(profile && { profile: JSON.stringify(profile) }) };
}

/** What of a change is a column of the port's own. */
function changedColumns({ row }: Port, values: PortUpdate) {
  return {
    ...(values.name !== undefined && { name: values.name }),
    ...(values.description !== undefined && { description: values.description }),
    ...(values.admin_state_up !== undefined && { admin_state_up: flag(values.admin_state_up) }),
    ...(values.device_id !== undefined && { device_id: values.device_id }),
    ...(values.device_owner !== undefined && { device_owner: values.device_owner }),
    ...(values.dns_name !== undefined && { dns_name: values.dns_name }),
    ...(values.dns_domain !== undefined && { dns_domain: values.dns_domain }),
    ...(values.port_mode !== undefined && { port_mode: values.port_mode }),
    ...(values.permitted_ethertypes && {
      permitted_ethertypes: JSON.stringify(values.permitted_ethertypes),
    }),
    ...(values.storm_control && { storm_control: JSON.stringify(values.storm_control) }),
    ...(values.storm_state && { storm_clears: row.storm_clears + 1 }),
    ...(values.numa_affinity_policy !== undefined && {
      numa_affinity_policy: values.numa_affinity_policy,
    }),
  };
}
