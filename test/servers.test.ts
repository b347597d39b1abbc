/** Servers on a whole cloud with fake drivers: real networks, ports and images under them, the agent's own code beside. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLAVOR, IMAGE, startTestCloud, type TestCloud } from './support/start-cloud.ts';

const SERVERS = '/compute/v2.1/servers';
const PORTS = '/networking/v2.0/ports';

/** Asks for a server of `demo` and waits until that has ended. */
async function boot(cloud: TestCloud, networks: readonly object[]) {
  const demo = cloud.as('demo');
  const made = await demo.make(SERVERS, {
    server: { name: 'vm', imageRef: IMAGE, flavorRef: FLAVOR, networks },
  });
  await cloud.idle();
  return (await demo.get(`${SERVERS}/${made.id}`)).body.server;
}

async function networkWithSubnet(cloud: TestCloud, name: string, cidr: string): Promise<string> {
  const demo = cloud.as('demo');
  const network = await demo.make('/networking/v2.0/networks', { network: { name } });
  await demo.make('/networking/v2.0/subnets', {
    subnet: { network_id: network.id, ip_version: 4, cidr },
  });
  return network.id as string;
}

/** Ports that a server has, or had. */
async function serverPorts(cloud: TestCloud) {
  const { body } = await cloud.as('admin').get(PORTS);
  return (body.ports as { device_owner: string; device_id: string; id: string }[]).filter(
    ({ device_owner: owner }) => owner.startsWith('compute:'),
  );
}

test('a server has its cards in the order of the request, by network and by port, and leaves nothing when it goes', async () => {
  await using cloud = await startTestCloud({ furnished: true });
  const demo = cloud.as('demo');
  const net1 = await networkWithSubnet(cloud, 'net1', '10.1.0.0/24');
  const net2 = await networkWithSubnet(cloud, 'net2', '10.2.0.0/24');
  const given = await demo.make(PORTS, { port: { network_id: net1, name: 'given' } });
  const server = await boot(cloud, [
    { uuid: net1 },
    { port: given.id },
    { uuid: net2 },
    { uuid: net1 },
  ]);
  assert.equal(server.status, 'ACTIVE', JSON.stringify(server));
  assert.equal(server.addresses.net1.length, 3);
  assert.equal(server.addresses.net2.length, 1);
  assert.deepEqual(server.security_groups, [{ name: 'default' }]);
  const spec = cloud.control.desired.find('host-1', 'servers', server.id);
  const ports = new Map((await serverPorts(cloud)).map((port) => [port.id, port]));
  assert.equal(ports.size, 4);
  assert.deepEqual(
    spec?.nics.map(({ slot }) => slot),
    [0, 1, 2, 3],
  );
  assert.equal(spec?.nics[1]?.portId, given.id);
  const told = await cloud.control.compute.answerMetadata({
    portId: given.id,
    method: 'GET',
    path: '/openstack/latest/network_data.json',
    body: null,
  });
  assert.equal(JSON.parse(Buffer.from(told.body, 'base64').toString()).networks.length, 4);
  // Everything that is plugged is what the guest holds.
  const { body } = await demo.get(`${SERVERS}/${server.id}/os-interface`);
  for (const { port_state: state } of body.interfaceAttachments) assert.equal(state, 'ACTIVE');

  assert.equal((await demo.delete(`${SERVERS}/${server.id}`)).status, 204);
  await cloud.idle();
  assert.deepEqual(await serverPorts(cloud), []);
  const kept = (await demo.get(`${PORTS}/${given.id}`)).body.port;
  assert.deepEqual([kept.device_id, kept.device_owner, kept.status], ['', '', 'DOWN']);
  assert.deepEqual(cloud.control.desired.ids('host-1', 'servers'), []);
  const held = await cloud.db.selectFrom('allocations').select('consumer_id').execute();
  assert.deepEqual(held, []);
});

test('a port without an address boots when it was made so, and is refused when it should have one', async () => {
  await using cloud = await startTestCloud({ furnished: true });
  const demo = cloud.as('demo');
  const net = await networkWithSubnet(cloud, 'traffic', '10.1.0.0/24');
  const bare = await demo.make(PORTS, { port: { network_id: net, fixed_ips: [] } });
  const server = await boot(cloud, [{ port: bare.id }]);
  assert.equal(server.status, 'ACTIVE', JSON.stringify(server));
  assert.deepEqual(server.addresses, { traffic: [] });

  const emptied = await demo.make(PORTS, { port: { network_id: net } });
  await demo.put(`${PORTS}/${emptied.id}`, { port: { fixed_ips: [] } });
  const refused = await demo.post(SERVERS, {
    server: {
      name: 'vm',
      imageRef: IMAGE,
      flavorRef: FLAVOR,
      networks: [{ port: emptied.id }],
    },
  });
  assert.equal(refused.status, 400);
  assert.equal(
    refused.body.badRequest.message,
    `Port ${emptied.id} requires a FixedIP in order to be used.`,
  );
  const again = await demo.post(SERVERS, {
    server: { name: 'vm', imageRef: IMAGE, flavorRef: FLAVOR, networks: [{ port: bare.id }] },
  });
  assert.equal(again.status, 409);
  assert.equal(again.body.conflictingRequest.message, `Port ${bare.id} is still in use.`);
});

test('cards come and go while the server runs, and a port that is deleted in the network goes too', async () => {
  await using cloud = await startTestCloud({ furnished: true });
  const demo = cloud.as('demo');
  const net = await networkWithSubnet(cloud, 'net1', '10.1.0.0/24');
  const server = await boot(cloud, [{ uuid: net }]);
  const path = `${SERVERS}/${server.id}/os-interface`;
  const slots = () =>
    cloud.control.observed.find('host-1', 'servers', server.id)?.nics.map(({ slot }) => slot);
  const second = await demo.post(path, { interfaceAttachment: { net_id: net } });
  assert.equal(second.status, 200, second.text);
  assert.deepEqual(slots(), [0, 1]);
  const { port_id: portId } = second.body.interfaceAttachment;
  assert.equal((await demo.delete(`${PORTS}/${portId}`)).status, 204);
  await cloud.idle();
  assert.deepEqual(slots(), [0]);
  const taken = await demo.post(path, {
    interfaceAttachment: {
      net_id: net,
      fixed_ips: [{ ip_address: server.addresses.net1[0].addr }],
    },
  });
  assert.equal(taken.status, 409);
  assert.deepEqual((await serverPorts(cloud)).length, 1);
});

test('a network without a subnet: refused with filters, fine for a port without them', async () => {
  await using cloud = await startTestCloud({ furnished: true });
  const demo = cloud.as('demo');
  const network = await demo.make('/networking/v2.0/networks', { network: { name: 'l2' } });
  const filtered = await demo.make(PORTS, { port: { network_id: network.id, fixed_ips: [] } });
  const failed = await boot(cloud, [{ port: filtered.id }]);
  assert.equal(failed.status, 'ERROR');
  assert.match(
    failed.fault.message,
    /Network requires port_security_enabled and subnet associated/,
  );
  const freed = (await demo.get(`${PORTS}/${filtered.id}`)).body.port;
  assert.equal(freed.device_id, '');
  const open = await demo.make(PORTS, {
    port: { network_id: network.id, fixed_ips: [], port_security_enabled: false },
  });
  const server = await boot(cloud, [{ port: open.id }]);
  assert.equal(server.status, 'ACTIVE', JSON.stringify(server));
});
