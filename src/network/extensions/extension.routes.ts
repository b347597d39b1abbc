/** /v2.0/extensions: HTTP in, HTTP out, no decisions. */
import { Fault } from '#platform/fault.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { listOf, selectFields, type Query } from '#platform/http/list-query.ts';
import { EXTENSIONS, type Extension } from './extensions.ts';

export function extensionRoutes(app: ServiceApp): void {
  app.get('/v2.0/extensions', async ({ query }) => ({
    extensions: EXTENSIONS.map((extension) => view(extension, query)),
  }));

  app.get<{ Params: { alias: string } }>('/v2.0/extensions/:alias', async ({ params, query }) => {
    const extension = EXTENSIONS.find(({ alias }) => alias === params.alias);
    if (!extension) {
      throw new Fault(
        'not-found',
        'HTTPNotFound',
        `Extension with alias ${params.alias} does not exist`,
      );
    }
    return { extension: view(extension, query) };
  });
}

function view(extension: Extension, query: unknown) {
  return selectFields({ ...extension, links: [] }, listOf((query as Query)['fields']));
}
