/** /v2.0/service-providers: who provides advanced services. Nobody does so far: there are no routers and no balancers. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { PolicyRule } from '#platform/policy/policy.ts';
import { defineResource } from '../attributes/attribute.ts';
import { readListQuery } from '../attributes/list-query.ts';

export const SERVICE_PROVIDER_POLICIES: readonly PolicyRule[] = [
  { name: 'get_service_provider', check: 'rule:admin_only or role:reader' },
];

const SERVICE_PROVIDER = defineResource('service_provider', 'service_providers', {
  service_type: { filter: 'text' },
  name: { filter: 'text' },
  default: { filter: 'flag' },
});

export function serviceProviderRoutes(app: ServiceApp): void {
  const config = { policy: 'get_service_provider' };
  app.get('/v2.0/service-providers', { config }, async ({ query }) => {
    readListQuery(SERVICE_PROVIDER, query as Query);
    return { service_providers: [] };
  });
}
