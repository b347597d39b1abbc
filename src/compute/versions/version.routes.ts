/** Version discovery: which compute APIs there are. No token is asked for. */
import type { FastifyRequest } from 'fastify';
import type { ComputeRoutes } from '../http/compute-service.ts';
import { MAX_MINOR, MIN_MINOR } from '../microversions.ts';

const PUBLIC = { config: { public: true } };

export const versionRoutes: ComputeRoutes = (app) => {
  app.get('/', PUBLIC, async (request) => ({
    versions: [legacy(baseOf(request)), current(baseOf(request))],
  }));
  app.get('/v2/', PUBLIC, async (request) => ({
    version: withMedia(legacy(baseOf(request)), 'application/vnd.openstack.compute+json;version=2'),
  }));
  app.get('/v2.1/', PUBLIC, async (request) => ({
    version: withMedia(
      current(baseOf(request)),
      'application/vnd.openstack.compute+json;version=2.1',
    ),
  }));
};

function baseOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}/compute`;
}

function legacy(base: string) {
  return {
    id: 'v2.0',
    status: 'SUPPORTED',
    version: '',
    min_version: '',
    updated: '2011-01-21T11:33:21Z',
    links: [{ rel: 'self', href: `${base}/v2/` }],
  };
}

function current(base: string) {
  return {
    id: 'v2.1',
    status: 'CURRENT',
    version: `2.${MAX_MINOR}`,
    min_version: `2.${MIN_MINOR}`,
    updated: '2013-07-23T11:33:21Z',
    links: [{ rel: 'self', href: `${base}/v2.1/` }],
  };
}

function withMedia<V extends { links: { rel: string; href: string }[] }>(version: V, type: string) {
  return {
    ...version,
    links: [
      ...version.links,
      { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' },
    ],
    'media-types': [{ base: 'application/json', type }],
  };
}
