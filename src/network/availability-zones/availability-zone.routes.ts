/** /v2.0/availability_zones: where networks can be served with addresses. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import { filterMembers } from '../agents/agent.rules.ts';
import type { AgentService } from '../agents/agent.service.ts';
import { defineResource } from '../attributes/attribute.ts';
import { readListQuery } from '../attributes/list-query.ts';
import { Viewer } from '../attributes/view.ts';
import { zonesOf } from './availability-zone.rules.ts';

export const AVAILABILITY_ZONE_POLICIES: readonly PolicyRule[] = [
  { name: 'get_availability_zone', check: 'rule:admin_only or role:reader' },
];

const AVAILABILITY_ZONE = defineResource('availability_zone', 'availability_zones', {
  state: { filter: 'text' },
  name: { filter: 'text' },
  resource: { filter: 'text' },
});

export function availabilityZoneRoutes(
  app: ServiceApp,
  agents: AgentService,
  policy: Policy,
): void {
  const config = { policy: 'get_availability_zone' };
  app.get('/v2.0/availability_zones', { config }, async ({ ctx, query }) => {
    const { filters, fields } = readListQuery(AVAILABILITY_ZONE, query as Query);
    if (!policy.allows(ctx, 'get_availability_zone')) return { availability_zones: [] };
    const viewer = new Viewer(policy, ctx, AVAILABILITY_ZONE, fields);
    const zones = filterMembers(zonesOf(await agents.all()), filters);
    return { availability_zones: zones.map((zone) => viewer.show({ ...zone }, {})) };
  });
}
