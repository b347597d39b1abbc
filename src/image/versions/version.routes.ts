/** Version discovery: what keystoneauth asks first. */
import type { FastifyRequest } from 'fastify';
import type { ServiceApp } from '#platform/http/http-app.ts';

/** In Glance's own order: that of a site that names its stores and has no image cache. */
const VERSIONS: readonly (readonly [id: string, status: 'CURRENT' | 'SUPPORTED'])[] = [
  ['v2.15', 'SUPPORTED'],
  ['v2.13', 'SUPPORTED'],
  ['v2.12', 'SUPPORTED'],
  ['v2.11', 'SUPPORTED'],
  ['v2.10', 'SUPPORTED'],
  ['v2.9', 'SUPPORTED'],
  ['v2.8', 'SUPPORTED'],
  ['v2.17', 'CURRENT'],
  ['v2.7', 'SUPPORTED'],
  ['v2.6', 'SUPPORTED'],
  ['v2.5', 'SUPPORTED'],
  ['v2.4', 'SUPPORTED'],
  ['v2.3', 'SUPPORTED'],
  ['v2.2', 'SUPPORTED'],
  ['v2.1', 'SUPPORTED'],
  ['v2.0', 'SUPPORTED'],
];

export function versionRoutes(app: ServiceApp): void {
  const versions = (request: FastifyRequest) => {
    const href = `${request.protocol}://${request.host}${app.prefix}/v2/`;
    return {
      versions: VERSIONS.map(([id, status]) => ({ id, status, links: [{ rel: 'self', href }] })),
    };
  };
  const config = { public: true };
  app.get('/', { config }, async (request, reply) => {
    // compat: glance says 300 to who asks for no version, and 200 to who asks for the versions.
    return await reply.code(300).send(versions(request));
  });
  app.get('/versions', { config }, async (request) => versions(request));
}
