/** The first specification: several interfaces of one server on one network, in the order asked for. */
import type { Clients } from './clients.ts';
import { apartScript, nicsInGuest } from './guest-nics.ts';
import { expect, type Report } from './report.ts';
import {
  addressesOf,
  addressOf,
  makeNetwork,
  makePort,
  portsOf,
  SERVER_OPTIONS,
  type ShownPort,
} from './topology.ts';

const TOPOLOGY = `
  net1 ────┬──────┬─────────────┬───────┬────── ...
           │0     │1            │3      │0
         ┌─┴──────┴─────────────┴─┐  ┌──┴───┐
         │ multi                  │  │ peer │
         └─────────────┬──────────┘  └──────┘
                       │2
  net2 ────────────────┴───────────────────────`;

const PING = 'ping -c 2 -W 5';

export async function severalInterfaces(clients: Clients, report: Report): Promise<void> {
  report.begin('Several interfaces of one server on one network', TOPOLOGY);
  let net1 = '';
  const made = await report.try(
    'two networks, and one port on the first',
    'openstack network create, subnet create, port create',
    async () => {
      net1 = await makeNetwork(clients, 'net1', '10.1.0.0/24');
      await makeNetwork(clients, 'net2', '10.2.0.0/24');
      const port = await makePort(clients, 'multi-1', 'net1');
      return `multi-1 has ${addressOf(port)}`;
    },
  );
  if (!made) return;
  const booted = await report.try(
    'boot with interfaces on [net1, net1 (a port), net2, net1]',
    'openstack server create --network net1 --port multi-1 --network net2 --network net1',
    async () => {
      const nics = [
        '--network',
        'net1',
        '--port',
        'multi-1',
        '--network',
        'net2',
        '--network',
        'net1',
      ];
      await Promise.all([
        clients.openstack('server', 'create', ...SERVER_OPTIONS, ...nics, '--wait', 'multi'),
        clients.openstack(
          ...['server', 'create', ...SERVER_OPTIONS, '--network', 'net1', '--wait', 'peer'],
        ),
      ]);
      await Promise.all([clients.guestIsUp('multi'), clients.guestIsUp('peer')]);
      return 'both servers are ACTIVE and let us in';
    },
  );
  if (!booted) return;
  const multi = await Cards.read(clients, 'multi');
  await order(multi, clients, report);
  await traffic(multi, clients, report);
  const plugged = await hotPlug(multi, clients, report);
  if (plugged) await slotsStay(multi, plugged, clients, report);
  await withNova(clients, report, net1);
}

/** The ports of a server in the order of its request, found by the addresses that the server shows in that order. */
class Cards {
  readonly ports: readonly ShownPort[];

  private constructor(ports: readonly ShownPort[]) {
    this.ports = ports;
  }

  static async read(clients: Clients, server: string): Promise<Cards> {
    const [addresses, ports] = [await addressesOf(clients, server), await portsOf(clients, server)];
    const byAddress = (ip: string) => ports.find((port) => addressOf(port) === ip);
    const [first, second, last] = (addresses['net1'] ?? []).map(byAddress);
    const [other] = (addresses['net2'] ?? []).map(byAddress);
    const cards = [first, second, other, last].flatMap((port) => port ?? []);
    expect(cards.length === 4, `four interfaces were asked for, the server shows ${cards.length}`);
    return new Cards(cards);
  }
}

async function order({ ports }: Cards, clients: Clients, report: Report): Promise<void> {
  await report.try(
    'the guest has them in that order of PCI slots',
    'stackyard ssh multi (ls /sys/class/net/*/device)',
    async () => {
      const nics = await nicsInGuest(clients, 'multi');
      const wanted = ports.map((port) => port.mac_address);
      const seen = nics.map(({ mac }) => mac);
      expect(
        seen.join() === wanted.join(),
        `wanted ${wanted.join()}, the guest has ${seen.join()}`,
      );
      return nics.map(({ name, pci }) => `${name} ${pci}`).join(', ');
    },
  );
}

/** Each card but the first, over which we are in, gets a namespace of its own: its traffic cannot take another way. */
async function traffic({ ports }: Cards, clients: Clients, report: Report): Promise<void> {
  const [zero, one, , three] = ports.map(addressOf);
  await report.try(
    'packets pass between two of its own interfaces on net1',
    `stackyard ssh multi (ip netns exec n3 ${PING} ${one})`,
    async () => {
      const apart = [1, 3].flatMap((index) => cardOf(`n${index}`, ports[index]));
      await clients.inGuest('multi', apartScript(apart));
      return lastLines(await clients.inGuest('multi', `ip netns exec n3 ${PING} ${one}`));
    },
  );
  await report.try(
    'packets pass from another server to each of them, each answering for itself',
    `stackyard ssh peer (${PING} ${zero}; ${PING} ${one}; ${PING} ${three}; ip neigh)`,
    async () => {
      const pings = [zero, one, three].map((ip) => `${PING} ${ip}`).join(' && ');
      const said = await clients.inGuest('peer', `${pings} && ip neigh`);
      for (const index of [0, 1, 3]) {
        const port = ports[index];
        const neighbour = said
          .split('\n')
          .find((line) => line.startsWith(`${port && addressOf(port)} `));
        expect(
          port !== undefined && neighbour?.includes(port.mac_address) === true,
          `interface ${index} was not the one that answered: ${neighbour}`,
        );
      }
      return 'three addresses, three MACs, no loss';
    },
  );
}

function cardOf(namespace: string, port: ShownPort | undefined) {
  return port ? [{ namespace, mac: port.mac_address, ip: addressOf(port) }] : [];
}

async function hotPlug(
  { ports }: Cards,
  clients: Clients,
  report: Report,
): Promise<readonly ShownPort[] | undefined> {
  let added: readonly ShownPort[] = [];
  const ok = await report.try(
    'two more interfaces on net1 for the running server, reached from the other server',
    'openstack server add network multi net1; openstack server add port multi multi-5',
    async () => {
      await clients.openstack('server', 'add', 'network', 'multi', 'net1');
      const fifth = await makePort(clients, 'multi-5', 'net1');
      await clients.openstack('server', 'add', 'port', 'multi', 'multi-5');
      const known = new Set([...ports, fifth].map(({ id }) => id));
      const fourth = (await portsOf(clients, 'multi')).filter(({ id }) => !known.has(id));
      added = [...fourth, fifth];
      expect(added.length === 2, `two interfaces were added, ${added.length} are there`);
      const apart = added.flatMap((port, index) => cardOf(`n${index + 4}`, port));
      await clients.inGuest('multi', apartScript(apart));
      const pings = added.map((port) => `${PING} ${addressOf(port)}`).join(' && ');
      await clients.inGuest('peer', pings);
      const nics = await nicsInGuest(clients, 'multi');
      const macs = nics.slice(4).map(({ mac }) => mac);
      expect(
        macs.join() === added.map((port) => port.mac_address).join(),
        `the last two slots hold ${macs.join()}`,
      );
      return `slots 4 and 5: ${nics
        .slice(4)
        .map(({ pci }) => pci)
        .join(', ')}; no loss`;
    },
  );
  return ok ? added : undefined;
}

async function slotsStay(
  { ports }: Cards,
  added: readonly ShownPort[],
  clients: Clients,
  report: Report,
): Promise<void> {
  await report.try(
    'an interface removed and added keeps every other slot through a hard reboot',
    'openstack server remove port multi ...; server add port; server reboot --hard',
    async () => {
      const before = await nicsInGuest(clients, 'multi');
      const moved = ports[1];
      expect(moved !== undefined, 'there is no second interface');
      await clients.openstack('server', 'remove', 'port', 'multi', moved.id);
      await waitFor('the card to go', async () => {
        const nics = await nicsInGuest(clients, 'multi');
        return nics.length === before.length - 1;
      });
      await clients.openstack('server', 'add', 'port', 'multi', moved.id);
      await clients.openstack('server', 'reboot', '--hard', '--wait', 'multi');
      await clients.guestIsUp('multi');
      const after = await nicsInGuest(clients, 'multi');
      const slots = (nics: typeof before) => nics.map(({ mac, pci }) => `${mac} ${pci}`).join('\n');
      expect(slots(after) === slots(before), `before:\n${slots(before)}\nafter:\n${slots(after)}`);
      return `${after.length} interfaces (${added.length} of them plugged later), each in its slot`;
    },
  );
}

async function withNova(clients: Clients, report: Report, net1: string): Promise<void> {
  await report.try(
    'the same with the nova command: boot twice on net1, attach once more',
    `nova boot --nic net-id=NET1 --nic port-id=PORT; nova interface-attach --net-id NET1`,
    async () => {
      const port = await makePort(clients, 'novel-1', 'net1');
      await clients.nova(
        ...['boot', '--flavor', 'm1.micro', '--image', 'tiny-uec', '--key-name', 'demo', '--poll'],
        ...['--nic', `net-id=${net1}`, '--nic', `port-id=${port.id}`, 'novel'],
      );
      await clients.guestIsUp('novel');
      await clients.nova('interface-attach', '--net-id', net1, 'novel');
      const nics = await nicsInGuest(clients, 'novel');
      expect(nics.length === 3, `three interfaces were asked for, the guest has ${nics.length}`);
      expect(nics[1]?.mac === port.mac_address, `the second one is ${nics[1]?.mac}`);
      const addresses = (await addressesOf(clients, 'novel'))['net1'] ?? [];
      const apart = [1, 2].map((index) => ({
        namespace: `n${index}`,
        mac: nics[index]?.mac ?? '',
        ip: addresses[index] ?? '',
      }));
      await clients.inGuest('novel', apartScript(apart));
      await clients.inGuest('novel', `ip netns exec n1 ${PING} ${addresses[2]}`);
      return `${nics.map(({ name, pci }) => `${name} ${pci}`).join(', ')}; eth1 reaches eth2`;
    },
  );
}

export async function waitFor(what: string, condition: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + 60_000;
  while (!(await condition())) expect(Date.now() < until, `waited a minute for ${what}`);
}

/** The statistics of a ping. */
export function lastLines(text: string): string {
  const line = text.split('\n').find((one) => one.includes('packet loss')) ?? '';
  expect(/ 0% packet loss/.test(line), `packets were lost: ${text.trim().slice(-300)}`);
  return line.trim();
}
