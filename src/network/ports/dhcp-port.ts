/** The port of a network's DHCP server: it comes with the first subnet that wants one, and goes with the last. */
import { createHash } from 'node:crypto';
import { flag, type Tx } from '#platform/db/tables.ts';
import { timestamp } from '../attributes/standard.ts';
import { DHCP_OWNER, planBinding } from '../binding/binding.rules.ts';
import { deleteFixedIps, fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import { addAddress } from '../ipam/ipam.ts';
import { planAutoAddresses } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { macAddressGenerationFailure } from '../network.faults.ts';
import type { NetworkRow } from '../networks/network.store.ts';
import { subnetsOf, type SubnetRow } from '../subnets/subnet.store.ts';
import { addressee } from './port-addresses.ts';
import { MAC_TRIES } from './port.rules.ts';
import {
  deletePorts,
  findOwnedPorts,
  insertPort,
  writeBinding,
  type PortRow,
} from './port.store.ts';

/** Makes the port what the network's subnets want of it. Returns the ids of ports that this has touched. */
export async function ensureDhcpPort(
  deps: NetworkDeps,
  tx: Tx,
  network: NetworkRow,
): Promise<readonly string[]> {
  const served = (await subnetsOf(tx, network.id)).filter((subnet) => subnet.enable_dhcp === 1);
  const ports = await findOwnedPorts(tx, network.id, DHCP_OWNER);
  if (served.length === 0) {
    const ids = ports.map((port) => port.id);
    await deletePorts(tx, ids);
    return ids;
  }
  const port = ports[0] ?? (await insertDhcpPort(deps, tx, network));
  await ensureAddresses(deps, tx, port, served);
  return [port.id];
}

/** One address in each subnet. A subnet that has none left is served by nobody, and its ports are none the worse. */
async function ensureAddresses(
  { random }: NetworkDeps,
  tx: Tx,
  port: PortRow,
  served: readonly SubnetRow[],
): Promise<void> {
  const rows = (await fixedIpsOfPorts(tx, [port.id])).get(port.id) ?? [];
  const ids = new Set(served.map((subnet) => subnet.id));
  await deleteFixedIps(
    tx,
    rows.filter((row) => !ids.has(row.subnet_id)),
  );
  let position = rows.reduce((next, row) => Math.max(next, row.position + 1), 0);
  for (const subnet of served) {
    if (rows.some((row) => row.subnet_id === subnet.id)) continue;
    const [automatic] = planAutoAddresses(addressee(port), [subnet]);
    const need = automatic ?? { kind: 'any', subnets: [subnet], named: true };
    await addAddress(tx, addressee(port), need, { random, lowest: true, position });
    position += 1;
  }
}

async function insertDhcpPort(
  { newId, newMac, now, hosts }: NetworkDeps,
  tx: Tx,
  network: NetworkRow,
): Promise<PortRow> {
  const at = timestamp(now());
  const row: PortRow = {
    id: newId(),
    project_id: network.project_id,
    network_id: network.id,
    name: '',
    description: '',
    mac_address: newMac(),
    admin_state_up: flag(true),
    status: 'DOWN',
    status_reason: null,
    device_id: `dhcp${HOST_UUID}-${network.id}`,
    device_owner: DHCP_OWNER,
    ip_allocation: 'immediate',
    port_security_enabled: flag(false),
    allowed_address_pairs: '[]',
    extra_dhcp_opts: '[]',
    dns_name: '',
    dns_domain: '',
    propagate_uplink_status: flag(true),
    numa_affinity_policy: null,
    port_mode: null,
    permitted_ethertypes: '[]',
    storm_control: '{}',
    storm_clears: 0,
    revision_number: 1,
    created_at: at,
    updated_at: at,
  };
  for (let tries = 1; !(await insertPort(tx, row)); tries += 1) {
    if (tries === MAC_TRIES) throw macAddressGenerationFailure(network.id);
    row.mac_address = newMac();
  }
  await writeBinding(tx, {
    ...planBinding('', 'normal', (host) => hosts.isKnown(host)),
    port_id: row.id,
    status: 'ACTIVE',
    profile: '{}',
  });
  return row;
}

/** compat: Neutron names the server by a UUID made of its host's name; ours serves wherever its network is. */
const HOST_UUID = nameUuid('stackyard');

/** A version 5 UUID of a host name. */
function nameUuid(name: string): string {
  const dnsNamespace = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
  const bytes = createHash('sha1').update(dnsNamespace).update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
