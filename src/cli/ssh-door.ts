/** A place in the yard from which a network's servers can be reached, for as long as one command runs. */
import { bridgeName, DOOR_PREFIX } from '#drivers/dataplane/linux/names.ts';
import { isAlive, markProcess, type ProcessMark } from '#drivers/processes.ts';
import { YARD_NET_FILE } from '#drivers/yard/keeper-script.ts';
import { enterYard, type Yard } from '#drivers/yard/yard.ts';
import { Fault } from '#platform/fault.ts';
import type { ApiClient } from './api-client.ts';
import type { Target } from './ssh-target.ts';
import { note } from './terminal.ts';

const PORTS = '/networking/v2.0/ports';

/** compat: as OpenStack's own services name ports that they have on every host. Such a port goes along with its network. */
const OWNER = 'network:distributed';

/** How a door's port names the command that it is for: after it come the marks of its process. */
const DEVICE = 'stackyard-ssh';

/** To be put before a command, so that it runs where the network can be reached. */
export type Door = AsyncDisposable & { readonly words: readonly string[] };

type Port = {
  readonly id: string;
  readonly device_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
};

/**
 * A nameless namespace with a port of its own on the network. It ends with the last command in it, and its links with
 * it, whoever is killed. The firewall knows such links by their name: security groups are for other people's traffic,
 * not for whoever holds the whole cloud in hand.
 */
export async function openDoor(api: ApiClient, yard: Yard, target: Target): Promise<Door> {
  const { networkId, subnet } = target;
  await removeLeftovers(api);
  const { network } = (await api.get(`/networking/v2.0/networks/${networkId}`)) as {
    network: { mtu: number };
  };
  const { port } = (await api.post(PORTS, {
    port: {
      network_id: networkId,
      name: 'stackyard ssh',
      device_owner: OWNER,
      device_id: ownDevice(),
      fixed_ips: [{ subnet_id: subnet.id }],
    },
  })) as { port: Port };
  const facts = {
    bridge: bridgeName(networkId),
    outside: `${DOOR_PREFIX}${port.id.slice(0, 12)}`,
    mac: port.mac_address,
    mtu: String(network.mtu),
    address: `${port.fixed_ips[0]?.ip_address}/${subnet.cidr.split('/')[1]}`,
  };
  return {
    words: [
      ...enterYard(yard),
      ...['unshare', '--net', '--', 'sh', '-c', FURNISH, 'sh'],
      ...Object.values(facts),
    ],
    [Symbol.asyncDispose]: async () => await removePort(api, port.id),
  };
}

/**
 * Links a fresh network namespace to a bridge of the yard. $1 is the bridge, $2 the name of the link's end there, $3
 * to $5 are MAC, MTU and address of the end here; then comes the command. It speaks when it is spoken to: without a
 * link-local address the kernel sends nothing by itself.
 */
const FURNISH = `
bridge=$1 outside=$2 mac=$3 mtu=$4 address=$5
shift 5
furnish() {
  ip link set lo up &&
  ip link add eth0 address "$mac" mtu "$mtu" type veth peer name "$outside" mtu "$mtu" netns ${YARD_NET_FILE} &&
  nsenter --net=${YARD_NET_FILE} -- ip link set "$outside" master "$bridge" up &&
  ip link set eth0 addrgenmode none up &&
  case $address in
  *:*) ip address add "$address" dev eth0 nodad ;;
  *) ip address add "$address" dev eth0 ;;
  esac
}
if ! said=$(furnish 2>&1); then
  echo "stackyard: the server's network cannot be reached on this host: $said" >&2
  exit 1
fi
exec "$@"
`;

/** A port's owner: this very process. */
function ownDevice(): string {
  const mark = markProcess(process.pid);
  if (!mark) throw new Error('this process is not in /proc');
  return [DEVICE, mark.pid, mark.startTime, mark.bootId].join(':');
}

/** The command that a door's port is for; undefined when it is no such port. */
export function commandOf(deviceId: string): ProcessMark | undefined {
  const [device, pid, startTime, bootId, ...more] = deviceId.split(':');
  if (device !== DEVICE || !startTime || !bootId || more.length > 0) return undefined;
  return /^\d+$/.test(pid ?? '') ? { pid: Number(pid), startTime, bootId } : undefined;
}

/** Ports of commands that were killed before they could remove them. */
async function removeLeftovers(api: ApiClient): Promise<void> {
  const query = new URLSearchParams({ device_owner: OWNER });
  const { ports } = (await api.get(`${PORTS}?${query.toString()}`)) as { ports: readonly Port[] };
  for (const { id, device_id: device } of ports) {
    const command = commandOf(device);
    if (command && !isAlive(command)) await api.ensureAbsent(`${PORTS}/${id}`);
  }
}

async function removePort(api: ApiClient, id: string): Promise<void> {
  try {
    await api.ensureAbsent(`${PORTS}/${id}`);
  } catch (error) {
    // The cloud has gone down under the connection, if it is not gone for good: the next call finds the port.
    if (error instanceof Fault && error.code === 'CloudSilent') return;
    const why = error instanceof Error ? error.message : String(error);
    note(`stackyard: port ${id} stays until the next 'stackyard ssh' or its network goes: ${why}`);
  }
}
