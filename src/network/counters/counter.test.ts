/** Counters of ports over HTTP: whose they are, and what is said when nobody can count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortCounters } from '#base/host/firewall.ts';
import { Fault } from '#platform/fault.ts';
import { startNetwork } from '../testing.ts';
import type { CounterReader } from './counter.service.ts';

const NONE = { packets: 0, bytes: 0 };
const ZEROS = {
  rx_packets: 0,
  rx_bytes: 0,
  tx_packets: 0,
  tx_bytes: 0,
  drops: { spoof: NONE, group: NONE, storm: NONE, quarantine: NONE },
};
const COUNTED: PortCounters = {
  rxPackets: 1,
  rxBytes: 2,
  txPackets: 3,
  txBytes: 4,
  drops: { spoof: NONE, group: { packets: 5, bytes: 6 }, storm: NONE, quarantine: NONE },
};

/** A port of red on its network; `read` is asked of hosts. */
async function start(read: CounterReader['readCounters']) {
  const net = await startNetwork({ hostReader: { readCounters: read } });
  net.addHost('h1');
  await net.idle();
  const { id: network_id } = await net.as('red').make('network', {});
  const port = await net.as('red').make('port', { network_id, device_id: 'd' });
  const path = `/v2.0/ports/${port.id}`;
  const bind = { port: { 'binding:host_id': 'h1' } };
  return {
    ...net,
    id: port.id as string,
    bind: async () => assert.equal((await net.as('ops:admin').put(path, bind)).status, 200),
    counters: async (who: string) => await net.as(who).get(`${path}/counters`),
  };
}

test('an unbound port has counted nothing, and no host is asked', async () => {
  await using net = await start(async () => assert.fail('a host was asked'));
  assert.deepEqual((await net.counters('red')).body, { counters: ZEROS });
});

test('a bound port has what its host counted; one that is not plugged yet, nothing', async () => {
  const counted = new Map<string, PortCounters>();
  const asked: string[] = [];
  await using net = await start(async (host) => {
    asked.push(host);
    return counted;
  });
  await net.bind();
  assert.deepEqual((await net.counters('red')).body, { counters: ZEROS });
  counted.set(net.id, COUNTED);
  assert.deepEqual((await net.counters('red:reader')).body, {
    counters: {
      rx_packets: 1,
      rx_bytes: 2,
      tx_packets: 3,
      tx_bytes: 4,
      drops: { ...ZEROS.drops, group: { packets: 5, bytes: 6 } },
    },
  });
  assert.deepEqual(asked, ['h1', 'h1']);
});

test('a host that does not answer is a 503 that does not name it', async () => {
  await using net = await start(async (host) => {
    throw new Fault('unavailable', 'HostDown', `The agent of host '${host}' cannot be reached.`);
  });
  await net.bind();
  const { status, error } = await net.counters('red');
  assert.deepEqual(
    [status, error],
    [
      503,
      `PortHostNotReached: The host of port ${net.id} has not told the port's counters. Try again later.`,
    ],
  );
});

test('whoever may not see the port may not see its counters', async () => {
  await using net = await start(async () => new Map());
  const unseen = `PortNotFound: Port ${net.id} could not be found.`;
  assert.equal((await net.counters('blue')).error, unseen);
  assert.equal((await net.counters('red:')).status, 404);
  assert.equal((await net.counters('ops:admin')).status, 200);
});
