/** /os-availability-zone: HTTP in, HTTP out, no decisions. */
import type { Db } from '#platform/db/tables.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import { microseconds } from '../servers/server-view.ts';
import type { ServiceEntry, ServiceList } from '../services/service-list.ts';
import { zonesOf, type Zone } from './availability-zone.rules.ts';

export type AvailabilityZoneDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly services: ServiceList;
};

const RULE = 'os_compute_api:os-availability-zone';
const policyOf = (verb: string) => ({ config: { policy: `${RULE}:${verb}` } });

export function availabilityZoneRoutes(
  { db, policy, services }: AvailabilityZoneDeps,
  check: RequestCheck,
): ComputeRoutes {
  return (app) => {
    app.get<{ Querystring: Query }>(
      '/os-availability-zone',
      policyOf('list'),
      async ({ ctx, query }) => {
        check.query(NO_PARAMS, ctx.microversion, query);
        policy.authorize(ctx, `${RULE}:list`);
        const zones = zonesOf(await services.list(db), { withInternal: false });
        return { availabilityZoneInfo: zones.map((zone) => viewZone(zone, false)) };
      },
    );
    app.get<{ Querystring: Query }>(
      '/os-availability-zone/detail',
      policyOf('detail'),
      async ({ ctx, query }) => {
        check.query(NO_PARAMS, ctx.microversion, query);
        policy.authorize(ctx, `${RULE}:detail`);
        const zones = zonesOf(await services.list(db), { withInternal: true });
        return { availabilityZoneInfo: zones.map((zone) => viewZone(zone, true)) };
      },
    );
  };
}

/** compat: the hosts of a zone that is not available are not told. */
function viewZone({ name, available, hosts }: Zone, withHosts: boolean) {
  const told = withHosts && available;
  return {
    zoneName: name,
    zoneState: { available },
    hosts: told
      ? Object.fromEntries([...hosts].map(([host, services]) => [host, viewServices(services)]))
      : null,
  };
}

function viewServices(services: readonly ServiceEntry[]) {
  return Object.fromEntries(
    services.map(({ binary, up, disabled, updatedAt }) => [
      binary,
      { available: up, active: !disabled, updated_at: microseconds(updatedAt) },
    ]),
  );
}
