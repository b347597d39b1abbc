/** The metrics of a whole cloud, with a server in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOST, startTestCloud } from './support/start-cloud.ts';
import { Things } from './support/things.ts';

test('an administrator reads what the cloud has and what went through its ports', async () => {
  await using cloud = await startTestCloud({ furnished: true });
  const server = await new Things(cloud).of('compute', 'servers');
  const demo = cloud.as('demo');
  const { body } = await demo.get(`/networking/v2.0/ports?device_id=${server}`);
  const [{ id }] = body.ports;
  const { status, text } = await cloud.as('admin').get('/metrics');
  assert.equal(status, 200);
  assert.match(text, new RegExp(`^stackyard_host_up\\{host="${HOST}"\\} 1$`, 'm'));
  assert.match(text, /^stackyard_servers\{status="ACTIVE"\} 1$/m);
  assert.match(text, /^stackyard_ports\{status="ACTIVE"\} \d+$/m);
  assert.match(text, new RegExp(`^stackyard_port_rx_bytes_total\\{port_id="${id}",.*\\} 0$`, 'm'));
  assert.equal((await demo.get('/metrics')).status, 403);
  const { counters } = (await demo.get(`/networking/v2.0/ports/${id}/counters`)).body;
  assert.deepEqual(counters.drops.storm, { packets: 0, bytes: 0 });
});
