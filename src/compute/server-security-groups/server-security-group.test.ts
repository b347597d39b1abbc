/** The security groups of a server, shown, added and removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeWorld, NET_1, NET_2 } from '../fake/compute-world.ts';

const DEFAULT = 'sg-default';
const WEB = '44444444-4444-4444-8444-444444444444';

/** A server on two networks, and three groups of its project. */
async function start() {
  const world = await ComputeWorld.start();
  world.network.groups.push(
    {
      id: DEFAULT,
      name: 'default',
      projectId: 'red',
      description: 'Default security group',
      rules: [
        rule({ id: 'r1', remoteGroupId: DEFAULT }),
        rule({ id: 'r2', direction: 'egress' }),
        rule({ id: 'r3', remoteGroupId: 'unseen' }),
      ],
    },
    {
      id: WEB,
      name: 'web',
      projectId: 'red',
      description: 'for all',
      rules: [
        rule({ id: 'r4', protocol: 'tcp', portRangeMin: 80, portRangeMax: 80 }),
        rule({ id: 'r5', protocol: 'udp', remoteIpPrefix: '10.0.0.0/8' }),
        rule({ id: 'r6', protocol: 'icmp' }),
      ],
    },
    { id: 'foreign', name: 'foreign', projectId: 'blue' },
  );
  const id = await world.boot({ networks: [{ uuid: NET_1 }, { uuid: NET_2 }] });
  const red = world.as('red');
  return {
    world,
    id,
    red,
    act: async (body: object) => await red.post(`/servers/${id}/action`, body),
    /** Names of the groups of each port of the server. */
    groups: () =>
      [...world.network.ports.values()]
        .filter((port) => port.deviceId === id)
        .map((port) => port.securityGroups.map((group) => group.name)),
    shown: async () => (await red.get(`/servers/${id}`)).body.server.security_groups,
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

function rule(fields: object) {
  return {
    id: 'r',
    direction: 'ingress' as const,
    protocol: null,
    portRangeMin: null,
    portRangeMax: null,
    remoteIpPrefix: null,
    remoteGroupId: null,
    ...fields,
  };
}

for (const [what, name] of [
  ['name', 'web'],
  ['id', WEB],
] as const) {
  test(`a group is added to and removed from every port of a server by its ${what}`, async () => {
    await using at = await start();
    const added = await at.act({ addSecurityGroup: { name } });
    assert.deepEqual([added.status, added.body], [202, null]);
    assert.deepEqual(at.groups(), [
      ['default', 'web'],
      ['default', 'web'],
    ]);
    assert.deepEqual(await at.shown(), [{ name: 'default' }, { name: 'web' }]);
    assert.equal((await at.act({ addSecurityGroup: { name } })).status, 202);
    const removed = await at.act({ removeSecurityGroup: { name } });
    assert.deepEqual([removed.status, removed.body], [202, null]);
    assert.deepEqual(at.groups(), [['default'], ['default']]);
    assert.deepEqual(await at.shown(), [{ name: 'default' }]);
  });
}

test('a group is removed from those ports that are in it', async () => {
  await using at = await start();
  await at.act({ addSecurityGroup: { name: 'web' } });
  const [port] = [...at.world.network.ports.values()];
  assert.ok(port);
  port.securityGroups = [];
  assert.equal((await at.act({ removeSecurityGroup: { name: 'web' } })).status, 202);
  assert.deepEqual(at.groups(), [[], ['default']]);
});

test('a server’s groups are shown as nova-network had them', async () => {
  await using at = await start();
  await at.act({ addSecurityGroup: { name: 'web' } });
  const { status, body } = await at.red.get(`/servers/${at.id}/os-security-groups`);
  assert.equal(status, 200);
  const common = { parent_group_id: WEB, group: {} };
  const anywhere = { ip_range: { cidr: '0.0.0.0/0' } };
  assert.deepEqual(body.security_groups, [
    {
      id: DEFAULT,
      name: 'default',
      description: 'Default security group',
      tenant_id: 'red',
      rules: [
        {
          id: 'r1',
          parent_group_id: DEFAULT,
          ip_protocol: null,
          from_port: null,
          to_port: null,
          group: { name: 'default', tenant_id: 'red' },
          ip_range: {},
        },
      ],
    },
    {
      id: WEB,
      name: 'web',
      description: 'for all',
      tenant_id: 'red',
      rules: [
        { id: 'r4', ip_protocol: 'tcp', from_port: 80, to_port: 80, ...anywhere, ...common },
        {
          ...{ id: 'r5', ip_protocol: 'udp', from_port: 1, to_port: 65535 },
          ...{ ip_range: { cidr: '10.0.0.0/8' }, ...common },
        },
        { id: 'r6', ip_protocol: 'icmp', from_port: -1, to_port: -1, ...anywhere, ...common },
      ],
    },
  ]);
});

const refusals: readonly [string, unknown, number, string | RegExp][] = [
  ['nothing', null, 400, 'Missing parameter dict'],
  ['a text', 'web', 400, 'Missing parameter dict'],
  ['no name', {}, 400, 'Security group not specified'],
  ['an empty name', { name: ' ' }, 400, 'Security group name cannot be empty'],
  ['a number', { name: 7 }, 400, 'Security group name cannot be empty'],
  ['an unknown group', { name: 'x' }, 404, 'Security group x is not found for project red'],
  ['a foreign group', { name: 'foreign' }, 404, /foreign is not found for project red/],
];

for (const action of ['addSecurityGroup', 'removeSecurityGroup']) {
  for (const [what, argument, status, text] of refusals) {
    test(`${action} with ${what} is refused in Nova’s words`, async () => {
      await using at = await start();
      const answer = await at.act({ [action]: argument });
      const [fault] = Object.values(answer.body) as [{ message: string }];
      assert.equal(answer.status, status);
      if (typeof text === 'string') assert.equal(fault.message, text);
      else assert.match(fault.message, text);
      assert.deepEqual(at.groups(), [['default'], ['default']]);
    });
  }

  test(`${action} of somebody else’s server, or of one without ports, is not found`, async () => {
    await using at = await start();
    const body = { [action]: { name: 'web' } };
    const foreign = await at.world.as('blue').post(`/servers/${at.id}/action`, body);
    assert.equal(foreign.status, 404);
    assert.equal(foreign.body.itemNotFound.message, `Instance ${at.id} could not be found.`);
    assert.equal((await at.world.as('reader').post(`/servers/${at.id}/action`, body)).status, 403);
    const bare = await at.world.as('admin', '2.37').post('/servers', {
      server: {
        name: 'bare',
        imageRef: (await at.red.get(`/servers/${at.id}`)).body.server.image.id,
        flavorRef: '42',
        networks: 'none',
      },
    });
    await at.world.idle();
    const refused = await at.red.post(`/servers/${bare.body.server.id}/action`, body);
    assert.equal(refused.status, 404);
    assert.match(refused.body.itemNotFound.message, /could not be found as device id on any ports/);
  });
}

test('a group that a server does not have cannot be removed from it', async () => {
  await using at = await start();
  const { status, body } = await at.act({ removeSecurityGroup: { name: 'web' } });
  assert.equal(status, 404);
  assert.equal(
    body.itemNotFound.message,
    `Security group web not associated with the instance ${at.id}`,
  );
});

test('a server with a port whose security is off gets no group, on none of its ports', async () => {
  await using at = await start();
  const port = [...at.world.network.ports.values()].at(-1);
  assert.ok(port);
  Object.assign(port, { portSecurityEnabled: false, securityGroups: [] });
  const { status, body } = await at.act({ addSecurityGroup: { name: 'web' } });
  assert.equal(status, 400);
  assert.match(body.badRequest.message, /^Network requires port_security_enabled/);
  assert.deepEqual(at.groups(), [['default'], []]);
});

test('a port without an address has groups as any other', async () => {
  await using at = await start();
  const [port] = [...at.world.network.ports.values()];
  Object.assign(port ?? {}, { fixedIps: [], ipAllocation: 'none' });
  assert.equal((await at.act({ addSecurityGroup: { name: 'web' } })).status, 202);
  assert.deepEqual(at.groups()[0], ['default', 'web']);
});

test('a name that two groups have is refused', async () => {
  await using at = await start();
  at.world.network.groups.push({ id: 'other', name: 'web', projectId: 'red' });
  assert.equal((await at.act({ addSecurityGroup: { name: 'web' } })).status, 409);
  assert.equal((await at.act({ addSecurityGroup: { name: WEB } })).status, 202);
});

test('groups named at creation are those of the ports that are made, not of those that are given', async () => {
  await using at = await start();
  const given = at.world.network.addPort('55555555-5555-4555-8555-555555555555', NET_2);
  const groups = async (...names: readonly string[]) => {
    const security_groups = names.map((name) => ({ name }));
    const networks = [{ uuid: NET_1 }, { port: given.id }];
    const id = await at.world.boot({ networks, security_groups });
    const ports = [...at.world.network.ports.values()].filter((port) => port.deviceId === id);
    const ids = (port: (typeof ports)[number] | undefined) =>
      port?.securityGroups.map((group) => group.id);
    const told = {
      made: ids(ports.find((port) => port.id !== given.id)),
      given: ids(ports.find((port) => port.id === given.id)),
    };
    await at.red.delete(`/servers/${id}`);
    await at.world.idle();
    return told;
  };
  assert.deepEqual(await groups('web', 'default'), { made: [WEB, DEFAULT], given: [DEFAULT] });
  assert.deepEqual(await groups(WEB), { made: [WEB], given: [DEFAULT] });
  assert.deepEqual(await groups('default'), { made: [DEFAULT], given: [DEFAULT] });
});
