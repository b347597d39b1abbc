/** For tests: a cloud with an external network, a project's network and a router between them. */
import { startNetwork } from '../testing.ts';

type Options = NonNullable<Parameters<typeof startNetwork>[0]>;

/** `user` is a member of the project `p`, `admin` an administrator, `other` a member of another project. */
export async function startFloating(options: Options = {}) {
  // The lowest address that is free, so that tests can choose others.
  const world = await startNetwork({ random: () => 0n, ...options });
  const user = world.as('p:member,reader');
  const admin = world.as('a:admin,member,reader');
  const external = await admin.make('network', { name: 'public', 'router:external': true });
  const pool = await admin.make('subnet', {
    network_id: external.id,
    ip_version: 4,
    cidr: '203.0.113.0/24',
    enable_dhcp: false,
  });
  const network = await user.make('network', { name: 'inside' });
  const subnet = await user.make('subnet', {
    network_id: network.id,
    ip_version: 4,
    cidr: '10.0.0.0/24',
  });
  const addRouter = async (subnetId: string, ip: string): Promise<string> => {
    const made = await user.make('router', {
      external_gateway_info: { network_id: external.id },
    });
    const { body } = await user.get(`/v2.0/subnets/${subnetId}`);
    const port = await user.make('port', {
      network_id: body.subnet.network_id,
      fixed_ips: [{ subnet_id: subnetId, ip_address: ip }],
    });
    await user.put(`/v2.0/routers/${made.id}/add_router_interface`, { port_id: port.id });
    await world.db
      .updateTable('routers')
      .set({ status: 'ACTIVE' })
      .where('id', '=', made.id)
      .execute();
    return made.id;
  };
  const router = await addRouter(subnet.id, '10.0.0.1');
  return {
    ...world,
    user,
    admin,
    other: world.as('q:member,reader'),
    external,
    pool,
    network,
    subnet,
    router,
    addRouter,
    /** A port of the project with an address on its network. */
    addPort: async (values: object = {}) =>
      await user.make('port', { network_id: network.id, ...values }),
    addFloatingIp: async (values: object = {}) =>
      await user.make('floatingip', { floating_network_id: external.id, ...values }),
  };
}
