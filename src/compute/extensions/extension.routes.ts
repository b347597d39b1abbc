/** /extensions: HTTP in, HTTP out, no decisions. */
import type { Query } from '#platform/http/list-query.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { notFound } from '../compute.faults.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import { EXTENSIONS, type Extension } from './extensions.ts';

const RULE = 'os_compute_api:extensions';
const config = { config: { policy: RULE } };

export function extensionRoutes(policy: Policy, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.get<{ Querystring: Query }>('/extensions', config, async ({ ctx, query }) => {
      check.query(NO_PARAMS, ctx.microversion, query);
      policy.authorize(ctx, RULE);
      return { extensions: EXTENSIONS.map(viewExtension) };
    });
    app.get<{ Params: { alias: string }; Querystring: Query }>(
      '/extensions/:alias',
      config,
      async ({ ctx, params, query }) => {
        check.query(NO_PARAMS, ctx.microversion, query);
        policy.authorize(ctx, RULE);
        const found = EXTENSIONS.find(({ alias }) => alias === params.alias);
        if (!found) throw notFound('The resource could not be found.');
        return { extension: viewExtension(found) };
      },
    );
  };
}

/** compat: the same namespace and date for all; Nova's extensions have been part of its API since then. */
function viewExtension({ alias, name, description }: Extension) {
  return {
    alias,
    name,
    description,
    links: [],
    namespace: 'http://docs.openstack.org/compute/ext/fake_xml',
    updated: '2014-12-03T00:00:00Z',
  };
}
