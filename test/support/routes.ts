/** Every route that an HTTP app serves, as it registers them. */
import type { FastifyInstance } from 'fastify';

export type ServedRoute = {
  readonly method: string;
  /** With its prefix, such as `/networking/v2.0/ports/:id`. */
  readonly url: string;
  /** True when no token is asked for. */
  readonly public: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
};

/** Fills while the app gets ready, so it must be called before. */
export function collectRoutes(app: FastifyInstance): readonly ServedRoute[] {
  const routes: ServedRoute[] = [];
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    for (const one of [method].flat()) {
      routes.push({
        method: one,
        url,
        public: config?.public === true,
        schema: (schema ?? {}) as Readonly<Record<string, unknown>>,
      });
    }
  });
  return routes;
}
