/** What must be refused, and that nothing is left behind at the end. */
import type { Clients } from './clients.ts';
import { expect, type Report } from './report.ts';
import { waitFor } from './scenario-interfaces.ts';
import { makePort, SERVER_OPTIONS } from './topology.ts';

export async function refusals(clients: Clients, report: Report): Promise<void> {
  report.begin('What is refused', '  bare ──── (a network without a subnet)');
  await report.try(
    'a port that has no address for another reason is refused',
    'openstack server create --port no-subnet refused',
    async () => {
      await clients.openstack('network', 'create', 'bare');
      const port = await makePort(clients, 'no-subnet', 'bare');
      const said = await clients.refusal(
        'server',
        'create',
        ...SERVER_OPTIONS,
        '--port',
        port.id,
        'refused',
      );
      const wanted = `Port ${port.id} requires a FixedIP in order to be used.`;
      expect(said.includes(wanted), `it was refused otherwise: ${said}`);
      return wanted;
    },
  );
  await report.try(
    'a second server on the same port is refused',
    'openstack server create --port middle-left refused',
    async () => {
      const { id } = await clients.json<{ id: string }>('port', 'show', 'middle-left', '-c', 'id');
      const said = await clients.refusal(
        'server',
        'create',
        ...SERVER_OPTIONS,
        '--port',
        id,
        'refused',
      );
      const wanted = `Port ${id} is still in use.`;
      expect(said.includes(wanted), `it was refused otherwise: ${said}`);
      return wanted;
    },
  );
  await report.try(
    'no server was made by what was refused',
    'openstack server list --name refused',
    async () => {
      const servers = await clients.json<unknown[]>('server', 'list', '--name', 'refused');
      expect(servers.length === 0, `${servers.length} servers are there`);
      return 'none';
    },
  );
}

/** Deletes all that the demo has made and looks at the host. */
export async function nothingLeft(clients: Clients, report: Report): Promise<void> {
  report.begin('What is left', '  nothing');
  await report.try(
    'every server, port and network goes',
    'openstack server delete --wait ...; port delete; network delete',
    async () => {
      type Row = { ID: string; Name: string };
      const ids = async (...what: string[]) =>
        (await clients.json<Row[]>(...what, 'list')).map(({ ID }) => ID);
      const servers = await ids('server');
      if (servers.length > 0) await clients.openstack('server', 'delete', '--wait', ...servers);
      type Port = Row & { device_owner: string };
      const ports = await clients.json<Port[]>('port', 'list', '--long');
      const ours = ports.filter((port) => !JSON.stringify(port).includes('network:'));
      if (ours.length > 0) {
        await clients.openstack('port', 'delete', ...ours.map(({ ID }) => ID));
      }
      const networks = (await clients.json<Row[]>('network', 'list')).filter(
        ({ Name }) => Name !== 'private',
      );
      if (networks.length > 0) {
        await clients.openstack('network', 'delete', ...networks.map(({ ID }) => ID));
      }
      return `${servers.length} servers, ${ours.length} ports, ${networks.length} networks deleted`;
    },
  );
  await report.try(
    'no tap, bridge, namespace, process or disk is left on the host',
    'stackyard exec -- ip link; ip netns; ls servers; ps',
    async () => {
      let left = '';
      await waitFor('the host to be empty', async () => {
        const links = (await clients.inYard('ip', '-br', 'link'))
          .split('\n')
          .map((line) => line.split(/[\s@]/)[0] ?? '')
          .filter((name) => name !== '' && name !== 'lo');
        const namespaces = (await clients.inYard('ip', 'netns', 'list')).trim();
        const disks = (await clients.inYard('ls', '/run/stackyard/servers')).trim();
        left = [links.join(' '), namespaces, disks].filter((part) => part !== '').join('; ');
        return left === '';
      }).catch((error: unknown) => {
        throw new Error(`there is still: ${left}`, { cause: error });
      });
      return 'only lo';
    },
  );
}
