/** Floating IPs by the compute API, and in the addresses of servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#platform/fault.ts';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

/** A server on two networks, and one external network. */
async function start() {
  const world = await ComputeWorld.start();
  world.network.floatingIps.networks.push({ id: 'ext', name: 'public' });
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const red = world.as('red', '2.1');
  const make = async () =>
    (await red.post('/os-floating-ips', { pool: 'public' })).body.floating_ip;
  return {
    world,
    id,
    red,
    make,
    act: async (body: object) => {
      const { status, body: answer } = await red.post(`/servers/${id}/action`, body);
      return [status, messageOf(answer)];
    },
    shown: async () => (await red.get(`/servers/${id}`)).body.server.addresses,
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

function messageOf(body: unknown): string | undefined {
  const [fault] = Object.values((body ?? {}) as Record<string, { message?: string }>);
  return fault?.message;
}

test('floating IPs are made, shown and deleted', async () => {
  await using at = await start();
  assert.deepEqual((await at.red.get('/os-floating-ip-pools')).body, {
    floating_ip_pools: [{ name: 'public' }],
  });
  const made = await at.make();
  assert.deepEqual(made, {
    id: made.id,
    ip: '203.0.113.1',
    pool: 'public',
    fixed_ip: null,
    instance_id: null,
  });
  const { body } = await at.red.get('/os-floating-ips');
  assert.deepEqual(body.floating_ips, [made]);
  const path = `/os-floating-ips/${made.id}`;
  assert.deepEqual((await at.red.get(path)).body.floating_ip, made);
  assert.equal((await at.red.delete(path)).status, 202);
  const gone = await at.red.get(path);
  assert.deepEqual(
    [gone.status, messageOf(gone.body)],
    [404, `Floating IP not found for ID ${made.id}`],
  );
  assert.equal((await at.world.as('red', '2.36').get('/os-floating-ips')).status, 404);
});

test('what the network refuses to make is refused in Nova’s words', async () => {
  await using at = await start();
  const ask = async (pool?: string) => {
    const { status, body } = await at.red.post('/os-floating-ips', { pool: pool ?? null });
    return [status, messageOf(body)];
  };
  assert.deepEqual(await ask('none'), [404, 'Floating IP pool not found.']);
  const { floatingIps } = at.world.network;
  floatingIps.refuse = () => new Fault('conflict', 'IpAddressGenerationFailure', 'no more');
  assert.deepEqual(await ask('public'), [404, 'No more floating IPs in pool public.']);
  assert.deepEqual(await ask(), [404, 'No more floating IPs available.']);
  floatingIps.refuse = () => new Fault('over-quota', 'OverQuota', 'too many');
  assert.deepEqual(await ask('public'), [403, 'IP allocation over quota in pool public.']);
});

test('a floating IP is added to a server, shown at once among its addresses, and removed', async () => {
  await using at = await start();
  const before = await at.shown();
  const made = await at.make();
  assert.deepEqual(await at.act({ addFloatingIp: { address: made.ip } }), [202, undefined]);
  const [name = ''] = Object.keys(before);
  const after = await at.shown();
  assert.deepEqual(after[name], [
    ...before[name],
    {
      version: 4,
      addr: made.ip,
      'OS-EXT-IPS:type': 'floating',
      'OS-EXT-IPS-MAC:mac_addr': before[name][0]['OS-EXT-IPS-MAC:mac_addr'],
    },
  ]);
  const ips = (await at.red.get(`/servers/${at.id}/ips/${name}`)).body[name];
  assert.deepEqual(ips.at(-1), { version: 4, addr: made.ip });
  const shown = (await at.red.get(`/os-floating-ips/${made.id}`)).body.floating_ip;
  assert.deepEqual([shown.instance_id, shown.fixed_ip], [at.id, before[name][0].addr]);
  assert.deepEqual(await at.act({ removeFloatingIp: { address: made.ip } }), [202, undefined]);
  assert.deepEqual(await at.shown(), before);
});

test('what cannot be added or removed is refused in Nova’s words', async () => {
  await using at = await start();
  const made = await at.make();
  const other = await at.world.boot({ networks: [{ uuid: NET_1 }] });
  const named = { address: made.ip, fixed_address: '192.0.2.1' };
  assert.deepEqual(await at.act({ addFloatingIp: { address: '192.0.2.9' } }), [
    404,
    'floating IP not found',
  ]);
  assert.deepEqual(await at.act({ removeFloatingIp: { address: '192.0.2.9' } }), [
    404,
    'Floating IP not found for address 192.0.2.9.',
  ]);
  assert.deepEqual(await at.act({ addFloatingIp: named }), [
    400,
    'Specified fixed address not assigned to instance',
  ]);
  assert.deepEqual(await at.act({ removeFloatingIp: { address: made.ip } }), [
    409,
    `Floating IP ${made.ip} is not associated with instance ${at.id}.`,
  ]);
  await at.red.post(`/servers/${other}/action`, { addFloatingIp: { address: made.ip } });
  assert.deepEqual(await at.act({ removeFloatingIp: { address: made.ip } }), [
    409,
    `Floating IP ${made.ip} is not associated with instance ${at.id}.`,
  ]);
  const [status, message] = await at.act({ addFloatingIp: { address: '' } });
  assert.equal(status, 400);
  assert.equal(
    message,
    "Invalid input for field/attribute address. Value: . '' is not valid under any of the given schemas",
  );
  const { floatingIps } = at.world.network;
  floatingIps.refuse = () => new Fault('conflict', 'FloatingIPPortAlreadyAssociated', 'taken');
  assert.deepEqual(await at.act({ addFloatingIp: { address: made.ip } }), [400, 'taken']);
  floatingIps.refuse = () => new Fault('not-found', 'ExternalGateway', 'no way');
  const [, refusal] = await at.act({ addFloatingIp: { address: made.ip } });
  assert.match(
    String(refusal),
    /^Unable to associate floating IP 203\.0\.113\.1 to fixed IP 10\.0\.\d+\.\d+ for instance .* Error: no way$/,
  );
  const late = await at.world
    .as('red', '2.44')
    .post(`/servers/${at.id}/action`, { addFloatingIp: { address: made.ip } });
  assert.deepEqual(
    [late.status, messageOf(late.body)],
    [404, "API version '2.44' is not supported on this method."],
  );
});

test('a server without an address can have no floating IP', async () => {
  await using at = await start();
  const made = await at.make();
  const ports = [...at.world.network.ports.values()].filter((port) => port.deviceId === at.id);
  for (const port of ports) port.fixedIps = [];
  const ask = async () => await at.act({ addFloatingIp: { address: made.ip } });
  assert.deepEqual(await ask(), [400, 'No fixed IPs associated to instance']);
  for (const port of ports) port.fixedIps = [{ subnetId: 'six', ip: '2001:db8::5' }];
  assert.deepEqual(await ask(), [
    400,
    `Unable to associate floating IP ${made.ip} to any fixed IPs for instance ${at.id}. Instance has no fixed IPv4 addresses to associate.`,
  ]);
});
