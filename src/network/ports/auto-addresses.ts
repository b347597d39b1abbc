/** When a subnet comes whose guests make their own addresses, the ports that are there already have one too. */
import type { Tx } from '#platform/db/tables.ts';
import { updateRow } from '../attributes/list.store.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import { addAddress } from '../ipam/ipam.ts';
import { planAutoAddresses } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import type { SubnetRow } from '../subnets/subnet.store.ts';
import { addressee } from './port-addresses.ts';
import { findAddressedPorts } from './port.store.ts';

/** Ports that were made to have no address stay without, and a DHCP server's port sees to itself. */
export async function addAutoAddresses(
  { random }: Pick<NetworkDeps, 'random'>,
  tx: Tx,
  subnet: SubnetRow,
): Promise<void> {
  const ports = await findAddressedPorts(tx, subnet.network_id);
  const fixedIps = await fixedIpsOfPorts(
    tx,
    ports.map((port) => port.id),
  );
  for (const port of ports) {
    const position = (fixedIps.get(port.id) ?? []).reduce(
      (next, row) => Math.max(next, row.position + 1),
      0,
    );
    for (const need of planAutoAddresses(addressee(port), [subnet])) {
      await addAddress(tx, addressee(port), need, { random, position });
    }
    await updateRow(tx, 'ports', port.id, {});
  }
}
