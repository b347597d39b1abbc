/** For tests: a network service with an external network, a network of a project, and a router between them. */
import assert from 'node:assert/strict';
import { startNetwork, type Answer } from '../testing.ts';

export async function startRouters() {
  const net = await startNetwork();
  const admin = net.as('ops:admin,member,reader');
  const red = net.as('red');
  const blue = net.as('blue');
  const outside = await admin.make('network', { name: 'public', 'router:external': true });
  const outsideSubnet = await admin.make('subnet', {
    network_id: outside.id,
    ip_version: 4,
    cidr: '203.0.113.0/24',
    enable_dhcp: false,
  });
  const inside = await red.make('network', { name: 'private' });
  const insideSubnet = await red.make('subnet', {
    network_id: inside.id,
    ip_version: 4,
    cidr: '10.0.0.0/24',
  });
  const router = await red.make('router', { name: 'r' });
  const path = `/v2.0/routers/${router.id}`;
  return {
    ...net,
    admin,
    red,
    blue,
    outside,
    outsideSubnet,
    inside,
    insideSubnet,
    router,
    path,
    /** The router as it is now. */
    show: async () => (await red.get(path)).body.router,
    /** Changes the router as an administrator; fails the test when that is refused. */
    set: async (values: object) => {
      const answer = await admin.put(path, { router: values });
      assert.equal(answer.status, 200, answer.error);
      return answer.body.router;
    },
    add: async (wanted: object): Promise<Answer> =>
      await red.put(`${path}/add_router_interface`, wanted),
    remove: async (wanted: object): Promise<Answer> =>
      await red.put(`${path}/remove_router_interface`, wanted),
    /** Another subnet of the project, on a network of its own. */
    subnet: async (values: object) => {
      const { id } = values as { id?: string };
      assert.equal(id, undefined);
      const network = await red.make('network', {});
      return await red.make('subnet', { network_id: network.id, ip_version: 4, ...values });
    },
    portsOf: async (owner: string) =>
      (await admin.get(`/v2.0/ports?device_id=${router.id}&device_owner=network:${owner}`)).body
        .ports,
  };
}
