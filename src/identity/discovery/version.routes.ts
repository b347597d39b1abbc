/** Version discovery: which versions of the API are here, and where. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { apiUrl, type Reached } from '../links.ts';

export function versionRoutes(app: ServiceApp): void {
  const open = { config: { public: true } };

  app.get('/', open, async (request, reply) => {
    reply.code(300).header('location', `${apiUrl(request)}/`);
    return await reply.send({ versions: { values: [versionOf(request)] } });
  });

  app.get('/v3', open, async (request) => ({ version: versionOf(request) }));
}

/** As Keystone has called itself since Ussuri. */
function versionOf(reached: Reached) {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${apiUrl(reached)}/` }],
    'media-types': [
      { base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' },
    ],
  };
}
