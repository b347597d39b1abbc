/** Which ports of a floating IP are said to go where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortForwardingSpec, PortRange, RouterSpec } from '#base/host/routers.ts';
import { natScripts } from './nat-table.ts';
import { routerFault } from './router-fault.ts';

function routerWith(externalPorts: PortRange, internalPorts: PortRange): RouterSpec {
  const forwarding: PortForwardingSpec = {
    id: '0f000000-0000-4000-8000-000000000000',
    floatingIp: '203.0.113.5',
    protocol: 'tcp',
    externalPorts,
    internalIp: '10.0.0.5',
    internalPorts,
  };
  return {
    id: '0a000000-0000-4000-8000-000000000000',
    adminStateUp: true,
    interfaces: [],
    gateway: null,
    routes: [],
    floatingIps: [],
    forwardings: [forwarding],
  };
}

const range = ([first, last]: readonly [number, number]) => ({ first, last });

for (const [what, external, internal, expected] of [
  ['as it is', [80, 82], [80, 82], ['80-82 : 10.0.0.5']],
  ['moved', [80, 81], [90, 91], ['80 : 10.0.0.5 . 90', '81 : 10.0.0.5 . 91']],
  ['to one port', [80, 81], [22, 22], ['80 : 10.0.0.5 . 22', '81 : 10.0.0.5 . 22']],
  ['to its first port', [80, 81], [80, 80], ['80 : 10.0.0.5 . 80', '81 : 10.0.0.5 . 80']],
] as const) {
  test(`a range of ports is forwarded ${what}`, () => {
    const router = routerWith(range(external), range(internal));
    assert.equal(routerFault(router), null);
    const said = natScripts(undefined, router)
      .join('')
      .matchAll(/203\.0\.113\.5 \. tcp \. (.*?)(?:,| })/g);
    assert.deepEqual(
      [...said].map(([, element]) => element),
      expected,
    );
  });
}

test('a range of ports to another of several ports, but not as many, is refused', () => {
  const router = routerWith({ first: 80, last: 89 }, { first: 1, last: 2 });
  assert.match(routerFault(router)?.message ?? '', /ranges of ports of different lengths/);
});
