/** Agents and availability zones over HTTP, with hosts that come and go. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startExtras, type Answer } from '../extensions/testing.ts';

type Agent = { id: string; agent_type: string; alive: boolean; started_at: string };
const agentsIn = (answer: Answer) => (answer.body as { agents: Agent[] }).agents;
const agentIn = (answer: Answer) => (answer.body as { agent: Agent }).agent;

const ADMIN = 'ops:admin,reader';

const facts = (host: string) => ({
  host,
  hypervisorType: 'fake',
  accelerator: 'none',
  acceleratorReason: null,
  hypervisorVersion: 1,
  vcpus: 2,
  memoryMib: 1024,
  diskGib: 10,
  cpuModel: 'fake',
});

test('GET /v2.0/agents shows three agents of each host, with the same ids each time', async () => {
  await using cloud = await startExtras();
  cloud.observed.connected(facts('one'), new Date('2026-01-02T03:00:00.5Z'));
  cloud.observed.observe('one', 'ports', 'p1', undefined);
  const admin = cloud.as(ADMIN);
  const agents = agentsIn(await admin.get('/agents?sort_key=agent_type&sort_dir=asc'));
  assert.deepEqual(agents[0], {
    id: agents[0]?.id,
    agent_type: 'DHCP agent',
    binary: 'stackyard-agent',
    topic: 'dhcp_agent',
    host: 'one',
    admin_state_up: true,
    created_at: '2026-01-02 03:04:05',
    started_at: '2026-01-02 03:00:00',
    heartbeat_timestamp: '2026-01-02 03:00:00',
    alive: true,
    description: null,
    availability_zone: 'nova',
    resources_synced: null,
    configurations: { dhcp_driver: 'dnsmasq', networks: 0, ports: 0 },
  });
  assert.deepEqual(
    agents.map(({ agent_type }) => agent_type),
    ['DHCP agent', 'L3 agent', 'Linux bridge agent'],
  );
  const ids = agentsIn(await admin.get('/agents')).map(({ id }) => id);
  assert.deepEqual(ids.toSorted(), agents.map(({ id }) => id).toSorted());
  assert.deepEqual(agentIn(await admin.get(`/agents/${agents[0]?.id}`)), agents[0]);
});

test('an agent whose host is away is not alive, and lists can ask for those that are', async () => {
  await using cloud = await startExtras();
  cloud.observed.connected(facts('one'), new Date('2026-01-02T03:00:00Z'));
  cloud.observed.connected(facts('two'), new Date('2026-01-02T03:00:00Z'));
  cloud.observed.disconnected('two', new Date('2026-01-02T03:00:09Z'));
  const admin = cloud.as(ADMIN);
  const alive = agentsIn(await admin.get('/agents?alive=True&fields=host'));
  assert.deepEqual(alive, [{ host: 'one' }, { host: 'one' }, { host: 'one' }]);
  const away = agentsIn(await admin.get('/agents?alive=False&host=two&agent_type=DHCP+agent'));
  assert.equal(away.length, 1);
  cloud.observed.connected(facts('two'), new Date('2026-01-02T03:00:20Z'));
  assert.equal(
    agentIn(await admin.get(`/agents/${away[0]?.id}`)).started_at,
    '2026-01-02 03:00:20',
  );
});

test('an administrator describes agents and switches them off; a zone is available while one is on', async () => {
  await using cloud = await startExtras();
  const admin = cloud.as(ADMIN);
  const zones = async () => (await cloud.as('red').get('/availability_zones')).body;
  assert.deepEqual(await zones(), { availability_zones: [] });
  cloud.observed.connected(facts('one'), new Date());
  const zone = { name: 'nova', resource: 'network' };
  const routed = { state: 'available', name: 'nova', resource: 'router' };
  assert.deepEqual(await zones(), {
    availability_zones: [{ state: 'available', ...zone }, routed],
  });
  const [dhcp] = agentsIn(await admin.get('/agents?agent_type=DHCP+agent'));
  const changed = await admin.put(`/agents/${dhcp?.id}`, {
    agent: { description: 'resting', admin_state_up: false },
  });
  assert.equal(changed.status, 200, changed.error);
  assert.deepEqual(await zones(), {
    availability_zones: [{ state: 'unavailable', ...zone }, routed],
  });
  const none = await cloud.as('red').get('/availability_zones?state=available&resource=network');
  assert.deepEqual(none.body, { availability_zones: [] });
});

test('agents are for administrators', async () => {
  await using cloud = await startExtras();
  cloud.observed.connected(facts('one'), new Date());
  const [agent] = agentsIn(await cloud.as(ADMIN).get('/agents'));
  const red = cloud.as('red');
  assert.deepEqual(agentsIn(await red.get('/agents')), []);
  const missing = await red.get(`/agents/${agent?.id}`);
  assert.deepEqual(
    [missing.status, missing.error],
    [404, `AgentNotFound: Agent ${agent?.id} could not be found.`],
  );
});

test('an agent is not made by hand, and one that is deleted comes back when its host is there', async () => {
  await using cloud = await startExtras();
  const admin = cloud.as(ADMIN);
  cloud.observed.connected(facts('one'), new Date());
  assert.equal((await admin.post('/agents', { agent: {} })).status, 400);
  const [agent] = agentsIn(await admin.get('/agents'));
  assert.equal((await admin.delete(`/agents/${agent?.id}`)).status, 204);
  assert.equal((await admin.get(`/agents/${agent?.id}`)).status, 404);
  assert.equal(agentsIn(await admin.get('/agents')).length, 3);
  const missing = randomUUID();
  assert.equal(
    (await admin.delete(`/agents/${missing}`)).error,
    `AgentNotFound: Agent ${missing} could not be found.`,
  );
});

test('GET /v2.0/service-providers: nobody provides anything', async () => {
  await using cloud = await startExtras();
  assert.deepEqual((await cloud.as('red').get('/service-providers')).body, {
    service_providers: [],
  });
});
