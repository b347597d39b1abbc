/** The addresses of a port, as its maker or owner asks for them. */
import type { Tx } from '#platform/db/tables.ts';
import type { FixedIpRow } from '../ipam/fixed-ip.store.ts';
import { allocate, reallocate } from '../ipam/ipam.ts';
import { checkSubnetsExist, type FixedIpWanted } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { existingSubnets, subnetsOf } from '../subnets/subnet.store.ts';
import type { PortRow } from './port.store.ts';

/** Addresses for a new port; whatever the network has to give when nothing is said. */
export async function giveAddresses(
  { random }: Pick<NetworkDeps, 'random'>,
  tx: Tx,
  port: PortRow,
  wanted: readonly FixedIpWanted[] | undefined,
): Promise<readonly FixedIpRow[]> {
  const subnets = await subnetsOf(tx, port.network_id);
  if (wanted && subnets.length > 0) await checkKnown(tx, wanted);
  return await allocate(tx, addressee(port), subnets, { wanted, random });
}

/** Other addresses for a port that has some. */
export async function changeAddresses(
  { random }: Pick<NetworkDeps, 'random'>,
  tx: Tx,
  port: PortRow,
  wanted: readonly FixedIpWanted[],
): Promise<readonly FixedIpRow[]> {
  const subnets = await subnetsOf(tx, port.network_id);
  if (subnets.length > 0) await checkKnown(tx, wanted);
  return await reallocate(tx, addressee(port), subnets, { wanted, random });
}

/** A port as the management of addresses knows it. */
export function addressee(port: PortRow) {
  return {
    id: port.id,
    networkId: port.network_id,
    mac: port.mac_address,
    deviceOwner: port.device_owner,
  };
}

async function checkKnown(tx: Tx, wanted: readonly FixedIpWanted[]): Promise<void> {
  const ids = wanted.flatMap(({ subnet_id }) => subnet_id ?? []);
  if (ids.length > 0) checkSubnetsExist(wanted, await existingSubnets(tx, ids));
}
