/** `/` and `/v2.0/`: which versions there are, and which resources are in them. */
import type { FastifyRequest } from 'fastify';
import type { ServiceApp } from '#platform/http/http-app.ts';

/** What `/v2.0/` lists: resources by name and plural. */
const RESOURCES = [
  ['network', 'networks'],
  ['subnet', 'subnets'],
  ['port', 'ports'],
  ['security_group', 'security-groups'],
  ['security_group_rule', 'security-group-rules'],
] as const;

export function discoveryRoutes(app: ServiceApp, prefix: string): void {
  const root = (request: FastifyRequest) => `${request.protocol}://${request.host}${prefix}/v2.0/`;

  app.get('/', { config: { public: true } }, async (request) => ({
    versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: root(request) }] }],
  }));

  app.get('/v2.0/', { config: { public: true } }, async (request) => ({
    resources: RESOURCES.map(([name, collection]) => ({
      name,
      collection: collection.replaceAll('-', '_'),
      links: [{ rel: 'self', href: `${root(request)}${collection}` }],
    })),
  }));
}
