/** Extra routes of routers over HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRouters } from './testing.ts';

const A = { destination: '10.20.0.0/16', nexthop: '10.0.0.20' };
const B = { destination: '10.30.0.0/16', nexthop: '10.0.0.30' };
const A2 = { destination: '10.20.0.0/16', nexthop: '10.0.0.21' };

async function start() {
  const net = await startRouters();
  await net.add({ subnet_id: net.insideSubnet.id });
  return {
    ...net,
    edit: async (action: 'add' | 'remove', routes: unknown) =>
      await net.red.put(`${net.path}/${action}_extraroutes`, { router: { routes } }),
    put: async (routes: unknown) => await net.red.put(net.path, { router: { routes } }),
  };
}

test('routes are replaced as a whole, and null is none', async () => {
  await using net = await start();
  const answer = await net.put([A, B]);
  assert.deepEqual(answer.body.router.routes, [A, B]);
  assert.deepEqual((await net.put([B])).body.router.routes, [B]);
  assert.deepEqual((await net.put(null)).body.router.routes, []);
});

test('routes are added and removed one by one, whatever is there', async () => {
  await using net = await start();
  assert.deepEqual((await net.edit('add', [A])).body.router.routes, [A]);
  const added = await net.edit('add', [B, A2, A]);
  assert.deepEqual(added.body.router.routes, [A, A2, B]);
  assert.equal(added.body.router.id, net.router.id);
  const removed = await net.edit('remove', [
    A,
    { destination: '10.99.0.0/16', nexthop: '10.0.0.1' },
  ]);
  assert.deepEqual(removed.body.router.routes, [A2, B]);
});

test('a next hop is on a network of the router, and is not the router', async () => {
  await using net = await start();
  const far = { destination: '10.20.0.0/16', nexthop: '10.9.0.20' };
  assert.equal(
    (await net.put([far])).error,
    "InvalidRoutes: Invalid format for routes: [{'destination': '10.20.0.0/16', 'nexthop': '10.9.0.20'}], the nexthop is not connected with router",
  );
  const itself = { destination: '10.20.0.0/16', nexthop: '10.0.0.1' };
  assert.equal(
    (await net.edit('add', [itself])).error,
    "InvalidRoutes: Invalid format for routes: [{'destination': '10.20.0.0/16', 'nexthop': '10.0.0.1'}], the nexthop is used by router",
  );
  assert.deepEqual((await net.show()).routes, []);
});

test('what is no route is refused in Neutron’s words', async () => {
  await using net = await start();
  const invalid = 'HTTPBadRequest: Invalid input for routes. Reason: ';
  assert.equal((await net.put('x')).error, `${invalid}Invalid data format for hostroute: 'x'.`);
  assert.match(
    (await net.put([{ ...A, via: 'x' }])).error,
    /Validation of dictionary's keys failed/,
  );
  assert.equal(
    (await net.put([{ ...A, destination: 'x' }])).error,
    `${invalid}'x' is not a valid CIDR.`,
  );
  assert.match((await net.put([A, A])).error, /Duplicate hostroute/);
  assert.equal((await net.red.put(`${net.path}/add_extraroutes`, {})).status, 400);
  assert.equal((await net.edit('remove', 'x')).status, 400);
});

test('a router has as many routes as its quota allows', async () => {
  await using net = await start();
  await net.admin.put('/v2.0/quotas/red', { quota: { router_route: 2 } });
  assert.equal((await net.put([A, B])).status, 200);
  const refused = await net.edit('add', [A2]);
  assert.equal(refused.error, "OverQuota: Quota exceeded for resources: ['router_route'].");
});

test('an interface that a route leads through stays', async () => {
  await using net = await start();
  await net.put([A]);
  const refused = await net.remove({ subnet_id: net.insideSubnet.id });
  assert.equal(
    refused.error,
    `RouterInterfaceInUseByRoute: Router interface for subnet ${net.insideSubnet.id} on router ${net.router.id} cannot be deleted, as it is required by one or more routes.`,
  );
});

test('a gateway that a route leads through stays', async () => {
  await using net = await start();
  await net.set({ external_gateway_info: { network_id: net.outside.id } });
  await net.put([{ destination: '10.20.0.0/16', nexthop: '203.0.113.200' }]);
  const refused = await net.red.put(net.path, { router: { external_gateway_info: null } });
  assert.match(refused.error, /^InvalidRoutes: .* the nexthop is not connected with router$/);
});
