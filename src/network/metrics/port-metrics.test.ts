/** The network's figures for Prometheus: one reading a host, and no host's silence costs another's figures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_DROPS, type PortCounters } from '#base/host/firewall.ts';
import { Fault } from '#platform/fault.ts';
import { formatMetrics } from '#platform/metrics.ts';
import { startNetwork } from '../testing.ts';

const COUNTED: PortCounters = {
  rxPackets: 1,
  rxBytes: 2,
  txPackets: 3,
  txBytes: 4,
  drops: { ...NO_DROPS, group: { packets: 5, bytes: 6 }, storm: { packets: 7, bytes: 8 } },
};

/** Hosts h1, which answers, and h2, which does not; a port of red on each, and one that is nowhere. */
async function start() {
  const asked: string[] = [];
  const counted = new Map<string, PortCounters>();
  const net = await startNetwork({
    hostReader: {
      readCounters: async (host) => {
        asked.push(host);
        if (host === 'h1') return counted;
        throw new Fault('unavailable', 'HostDown', `The agent of host '${host}' is away.`);
      },
    },
  });
  for (const host of ['h1', 'h2']) net.addHost(host);
  await net.idle();
  const { id: network_id } = await net.as('red').make('network', {});
  const make = async (host: string) => {
    const port = { network_id, project_id: 'red', device_id: 'd', 'binding:host_id': host };
    return (await net.as('ops:admin').make('port', port)).id as string;
  };
  const [one, two] = [await make('h1'), await make('h2')];
  await make('');
  counted.set(one, COUNTED);
  counted.set('what nobody knows', COUNTED);
  const scrape = async () => formatMetrics(await net.metrics(new AbortController().signal));
  return { ...net, asked, one, two, network_id: network_id as string, scrape };
}

test('a port has its traffic, its drops by reason and its storm state', async () => {
  await using net = await start();
  const seen = { settled: 1, error: null, plugged: true, carrier: true, storm: 'loop' } as const;
  net.observed.observe('h1', 'ports', net.one, seen);
  await net.idle();
  const lines = (await net.scrape()).split('\n').filter((line) => line.includes(net.one));
  const labels = `port_id="${net.one}",network_id="${net.network_id}",project_id="red",host="h1"`;
  const dropped = (unit: string, reason: string, count: number) =>
    `stackyard_port_dropped_${unit}_total{${labels},reason="${reason}"} ${count}`;
  assert.deepEqual(lines, [
    `stackyard_port_rx_packets_total{${labels}} 1`,
    `stackyard_port_rx_bytes_total{${labels}} 2`,
    `stackyard_port_tx_packets_total{${labels}} 3`,
    `stackyard_port_tx_bytes_total{${labels}} 4`,
    dropped('packets', 'spoof', 0),
    dropped('packets', 'group', 5),
    dropped('packets', 'storm', 7),
    dropped('packets', 'quarantine', 0),
    dropped('bytes', 'spoof', 0),
    dropped('bytes', 'group', 6),
    dropped('bytes', 'storm', 8),
    dropped('bytes', 'quarantine', 0),
    `stackyard_port_storm_state{${labels},state="ok"} 0`,
    `stackyard_port_storm_state{${labels},state="storm"} 0`,
    `stackyard_port_storm_state{${labels},state="loop"} 1`,
    `stackyard_port_storm_state{${labels},state="quarantined"} 0`,
  ]);
});

test('each host is read once, and one that does not answer is not up', async () => {
  await using net = await start();
  const text = await net.scrape();
  assert.deepEqual(net.asked, ['h1', 'h2']);
  assert.match(text, /^stackyard_host_up\{host="h1"\} 1\nstackyard_host_up\{host="h2"\} 0$/m);
  assert.ok(!text.includes(net.two) && !text.includes('what nobody knows'));
  assert.match(text, /^stackyard_ports\{status="DOWN"\} 3$/m);
});

test('a scrape that is broken off ends as such', async () => {
  await using net = await start();
  await assert.rejects(net.metrics(AbortSignal.abort(new Error('going down'))), /going down/);
});
