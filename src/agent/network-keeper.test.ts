/** The keeper of the data plane, woken at odd times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_DOCUMENT } from '#base/host/document.ts';
import { FakeDataplane } from '#drivers/dataplane/fake/fake-dataplane.ts';
import { silentLog } from '#platform/log.ts';
import { Desired } from './desired.ts';
import { NetworkKeeper } from './network-keeper.ts';
import { Observations } from './observations.ts';

test('a keeper that was woken before control spoke still plugs what control wants', async () => {
  const stop = new AbortController();
  const desired = new Desired();
  const dataplane = new FakeDataplane({ stateDir: null });
  const keeper = new NetworkKeeper({
    desired,
    observations: new Observations(),
    dataplane,
    log: silentLog(),
    signal: stop.signal,
    holderOf: () => undefined,
  });
  keeper.wake();
  const network = { id: 'net', mtu: 1500, adminStateUp: true, dhcp: null };
  desired.replace(1, { ...EMPTY_DOCUMENT, networks: { net: network } });
  keeper.wake();
  await keeper.idle();
  const { networks } = await dataplane.observe({ signal: stop.signal });
  stop.abort();
  assert.deepEqual(networks, ['net']);
});
