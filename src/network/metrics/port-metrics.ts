/** The network service's figures for Prometheus: what goes through ports, what is dropped, and their storm states. */
import { DROP_REASONS, type PortCounters, type StormState } from '#base/host/firewall.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import type { Metric, Sample } from '#platform/metrics.ts';
import type { CounterReader } from '../counters/counter.service.ts';
import { countPortsByStatus, listPluggedPorts } from './port-metrics.store.ts';

export type PortMetricsDeps = {
  readonly db: Db;
  readonly observed: ObservedHosts;
  readonly hostReader: CounterReader;
  readonly log: Logger;
};

/** A scrape waits ten seconds as a rule: a host that is slow costs its own figures and nobody else's. */
const HOST_ANSWERS_MS = 5_000;

const STORM_STATES = [
  'ok',
  'storm',
  'loop',
  'quarantined',
] as const satisfies readonly StormState[];

/** A port with its figures, as of one reading of its host. */
type ReadPort = {
  readonly labels: Sample['labels'];
  readonly counters: PortCounters;
  readonly storm: StormState;
};

/** Each host is read once. One that does not answer has no figures but that it is not up. */
export async function portMetrics(
  deps: PortMetricsDeps,
  signal: AbortSignal,
): Promise<readonly Metric[]> {
  const { db, observed } = deps;
  const ports = await listPluggedPorts(db);
  const hosts = [...new Set([...observed.hosts(), ...ports.map(({ host }) => host)])].toSorted();
  const readings = new Map(
    await Promise.all(hosts.map(async (host) => [host, await read(deps, host, signal)] as const)),
  );
  const readPorts = ports.flatMap(({ id, network_id, project_id, host }): readonly ReadPort[] => {
    const counters = readings.get(host)?.get(id);
    if (!counters) return [];
    const labels = { port_id: id, network_id, project_id, host };
    return [{ labels, counters, storm: observed.find(host, 'ports', id)?.storm ?? 'ok' }];
  });
  return [
    {
      name: 'stackyard_host_up',
      help: 'Whether the agent of the host has answered.',
      type: 'gauge',
      samples: hosts.map((host) => ({
        labels: { host },
        value: readings.get(host) === undefined ? 0 : 1,
      })),
    },
    {
      name: 'stackyard_ports',
      help: 'Ports by status.',
      type: 'gauge',
      samples: (await countPortsByStatus(db)).map(({ status, count }) => ({
        labels: { status },
        value: count,
      })),
    },
    ...trafficOf(readPorts),
    ...dropsOf(readPorts),
    stormStatesOf(readPorts),
  ];
}

async function read(
  { hostReader, log }: PortMetricsDeps,
  host: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PortCounters> | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(HOST_ANSWERS_MS)]);
  try {
    return await hostReader.readCounters(host, patience);
  } catch (err) {
    signal.throwIfAborted();
    log.debug({ err, host }, 'a host did not tell its counters');
    return undefined;
  }
}

function trafficOf(ports: readonly ReadPort[]): readonly Metric[] {
  const metric = (
    what: string,
    help: string,
    valueOf: (counters: PortCounters) => number,
  ): Metric => ({
    name: `stackyard_port_${what}_total`,
    help,
    type: 'counter',
    samples: ports.map(({ labels, counters }) => ({ labels, value: valueOf(counters) })),
  });
  return [
    metric('rx_packets', 'Packets that came from the guest.', ({ rxPackets }) => rxPackets),
    metric('rx_bytes', 'Bytes that came from the guest.', ({ rxBytes }) => rxBytes),
    metric('tx_packets', 'Packets that went to the guest.', ({ txPackets }) => txPackets),
    metric('tx_bytes', 'Bytes that went to the guest.', ({ txBytes }) => txBytes),
  ];
}

function dropsOf(ports: readonly ReadPort[]): readonly Metric[] {
  return (['packets', 'bytes'] as const).map((unit) => ({
    name: `stackyard_port_dropped_${unit}_total`,
    help: `What the port's firewall has dropped, in ${unit}, by reason.`,
    type: 'counter',
    samples: ports.flatMap(({ labels, counters }) =>
      DROP_REASONS.map((reason) => ({
        labels: { ...labels, reason },
        value: counters.drops[reason][unit],
      })),
    ),
  }));
}

function stormStatesOf(ports: readonly ReadPort[]): Metric {
  return {
    name: 'stackyard_port_storm_state',
    help: 'The storm state of the port: 1 for the one that it is in.',
    type: 'gauge',
    samples: ports.flatMap(({ labels, storm }) =>
      STORM_STATES.map((state) => ({
        labels: { ...labels, state },
        value: state === storm ? 1 : 0,
      })),
    ),
  };
}
