/** Everything that GET /metrics tells. */
import type { NetworkParts } from '#network/index.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Metric } from '#platform/metrics.ts';
import { ownMetrics } from './own-metrics.ts';
import { countServersByStatus } from './server-counts.store.ts';

export async function collectMetrics(
  { db, network }: { readonly db: Db; readonly network: NetworkParts },
  signal: AbortSignal,
): Promise<readonly Metric[]> {
  const servers = await countServersByStatus(db);
  return [
    ...(await network.metrics(signal)),
    {
      name: 'stackyard_servers',
      help: 'Servers by status.',
      type: 'gauge',
      samples: [...servers].map(([status, value]) => ({ labels: { status }, value })),
    },
    ...ownMetrics(),
  ];
}
