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
  const addRouter = async (subnetId: string, ip: string, networkId: string = external.id) => {
    const id = crypto.randomUUID();
    const gateway = await admin.make('port', {
      network_id: networkId,
      device_owner: 'network:router_gateway',
      device_id: id,
    });
    const { body } = await admin.get(`/v2.0/subnets/${subnetId}`);
    const port = await admin.make('port', {
      network_id: body.subnet.network_id,
      fixed_ips: [{ subnet_id: subnetId, ip_address: ip }],
      device_owner: 'network:router_interface',
      device_id: id,
    });
    const at = new Date().toISOString();
    await world.db
      .insertInto('routers')
      .values({
        id,
        project_id: 'p',
        name: '',
        description: '',
        admin_state_up: 1,
        status: 'ACTIVE',
        gateway_port_id: gateway.id,
        enable_snat: 1,
        routes: '[]',
        availability_zone_hints: '[]',
        distributed: 0,
        ha: 0,
        host: '',
        revision_number: 1,
        created_at: at,
        updated_at: at,
      })
      .execute();
    await world.db.insertInto('router_ports').values({ port_id: port.id, router_id: id }).execute();
    return id;
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
