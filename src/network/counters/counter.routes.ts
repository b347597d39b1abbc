/** /v2.0/ports/{id}/counters: HTTP in, HTTP out, no decisions. */
import type { PortCounters } from '#base/host/firewall.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { CounterService } from './counter.service.ts';

export function counterRoutes(app: ServiceApp, counters: CounterService): void {
  app.get<{ Params: { id: string } }>(
    '/v2.0/ports/:id/counters',
    { config: { policy: 'get_port' } },
    async ({ ctx, params }) => ({ counters: view(await counters.get(ctx, params.id)) }),
  );
}

function view({ rxPackets, rxBytes, txPackets, txBytes, drops }: PortCounters) {
  return {
    rx_packets: rxPackets,
    rx_bytes: rxBytes,
    tx_packets: txPackets,
    tx_bytes: txBytes,
    drops,
  };
}
