/** /flavors: HTTP in, HTTP out, no decisions. */
import { isJsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import { listOf, pageLink, parsePage, type Query } from '#platform/http/list-query.ts';
import {
  badRequest,
  malformedBody,
  noSuchAction,
  versionNotFoundForMethod,
} from '../compute.faults.ts';
import { linksOf, type ComputeRoutes, type Links } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { booleanInQuery, NO_PARAMS } from '../http/schema-parts.ts';
import * as schema from './flavor.schema.ts';
import { extraSpecsOf, type FlavorService } from './flavor.service.ts';
import { FLAVOR_SORT_KEYS, type FlavorRow } from './flavor.store.ts';

/** The rules that guard a route. */
const guard = (...names: readonly string[]) => ({
  config: { policy: names.map((name) => `os_compute_api:${name}`) },
});

type Id = { Params: { id: string } };
type SpecParams = { Params: { id: string; key: string } };

/** A page is at most this long (Nova's `max_limit`). */
const MAX_LIMIT = 1000;

export function flavorRoutes(flavors: FlavorService, check: RequestCheck): ComputeRoutes {
  const page = async (ctx: Context, query: Query) => {
    const checked = check.query(schema.FLAVOR_QUERY, ctx.microversion, query);
    const rows = await flavors.list(
      ctx,
      {
        isPublic: publicFilter(listOf(checked['is_public'])[0]),
        minRam: sizeFilter('minRam', checked),
        minDisk: sizeFilter('minDisk', checked),
        name: ctx.microversion >= 102 ? listOf(checked['name'])[0] : undefined,
      },
      parsePage(checked, {
        sortKeys: FLAVOR_SORT_KEYS,
        defaultSort: [{ key: 'flavorid', dir: 'asc' }],
        maxLimit: MAX_LIMIT,
        refuse: (_what, value) => badRequest(`Invalid value '${value}'.`),
      }),
    );
    return rows;
  };
  const view = (ctx: Context, links: Links) => (row: FlavorRow) =>
    viewFlavor(row, ctx.microversion, links, flavors.showsExtraSpecs(ctx));

  return (app) => {
    app.get<{ Querystring: Query }>('/flavors', async (request) => {
      const { ctx } = request;
      const links = linksOf(request);
      const rows = await page(ctx, request.query);
      return {
        flavors: rows.map((row) => ({
          id: row.id,
          name: row.name,
          links: links.both(`flavors/${row.id}`),
          ...(ctx.microversion >= 55 && { description: row.description }),
        })),
        ...nextLink(links, 'flavors', request.query, rows),
      };
    });
    app.get<{ Querystring: Query }>('/flavors/detail', async (request) => {
      const links = linksOf(request);
      const rows = await page(request.ctx, request.query);
      return {
        flavors: rows.map(view(request.ctx, links)),
        ...nextLink(links, 'flavors/detail', request.query, rows),
      };
    });
    app.post('/flavors', guard('os-flavor-manage:create'), async (request) => {
      const { ctx } = request;
      const body = check.body<schema.FlavorCreateBody>(
        schema.FLAVOR_CREATE,
        ctx.microversion,
        request.body,
      );
      return { flavor: view(ctx, linksOf(request))(await flavors.create(ctx, body)) };
    });
    app.get<Id>('/flavors/:id', async (request) => {
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      const row = await flavors.get(request.ctx, request.params.id);
      return { flavor: view(request.ctx, linksOf(request))(row) };
    });
    app.put<Id>('/flavors/:id', guard('os-flavor-manage:update'), async (request) => {
      const { ctx } = request;
      if (ctx.microversion < 55) throw versionNotFoundForMethod(ctx.microversion);
      const { flavor } = check.body<{ flavor: { description: string | null } }>(
        schema.FLAVOR_UPDATE,
        ctx.microversion,
        request.body,
      );
      const row = await flavors.describe(ctx, request.params.id, flavor.description);
      return { flavor: view(ctx, linksOf(request))(row) };
    });
    app.delete<Id>('/flavors/:id', guard('os-flavor-manage:delete'), async (request, reply) => {
      await flavors.delete(request.ctx, request.params.id);
      return await reply.code(202).send();
    });
    app.get<Id>('/flavors/:id/os-flavor-access', guard('os-flavor-access'), async (request) => {
      const { id } = request.params;
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      return viewAccess(id, await flavors.listAccess(request.ctx, id));
    });
    app.post<Id>(
      '/flavors/:id/action',
      guard('os-flavor-access:add_tenant_access', 'os-flavor-access:remove_tenant_access'),
      async (request) => {
        const { ctx, body, params } = request;
        const names = isJsonObject(body) ? Object.keys(body) : [];
        const [name] = names;
        if (name === undefined || names.length > 1) throw malformedBody();
        if (name === 'addTenantAccess') {
          const { addTenantAccess } = check.body<{ addTenantAccess: { tenant: string } }>(
            schema.ADD_ACCESS,
            ctx.microversion,
            body,
          );
          return viewAccess(
            params.id,
            await flavors.addAccess(ctx, params.id, addTenantAccess.tenant),
          );
        }
        if (name === 'removeTenantAccess') {
          const { removeTenantAccess } = check.body<{ removeTenantAccess: { tenant: string } }>(
            schema.REMOVE_ACCESS,
            ctx.microversion,
            body,
          );
          const left = await flavors.removeAccess(ctx, params.id, removeTenantAccess.tenant);
          return viewAccess(params.id, left);
        }
        throw noSuchAction(name);
      },
    );
    app.get<Id>(
      '/flavors/:id/os-extra_specs',
      guard('os-flavor-extra-specs:index'),
      async (request) => {
        check.query(NO_PARAMS, request.ctx.microversion, request.query);
        return { extra_specs: await flavors.extraSpecs(request.ctx, request.params.id) };
      },
    );
    app.post<Id>(
      '/flavors/:id/os-extra_specs',
      guard('os-flavor-extra-specs:create'),
      async (request) => {
        const { ctx } = request;
        const { extra_specs: specs } = check.body<{ extra_specs: Record<string, string> }>(
          schema.EXTRA_SPECS_CREATE,
          ctx.microversion,
          request.body,
        );
        return {
          extra_specs: await flavors.setExtraSpecs(ctx, request.params.id, 'create', specs),
        };
      },
    );
    app.get<SpecParams>(
      '/flavors/:id/os-extra_specs/:key',
      guard('os-flavor-extra-specs:show'),
      async (request) => {
        const { id, key } = request.params;
        check.query(NO_PARAMS, request.ctx.microversion, request.query);
        return { [key]: await flavors.extraSpec(request.ctx, id, key) };
      },
    );
    app.put<SpecParams>(
      '/flavors/:id/os-extra_specs/:key',
      guard('os-flavor-extra-specs:update'),
      async (request) => {
        const { ctx, params } = request;
        const body = check.body<Record<string, string>>(
          schema.EXTRA_SPEC_UPDATE,
          ctx.microversion,
          request.body,
        );
        if (!Object.hasOwn(body, params.key)) throw badRequest('Request body and URI mismatch');
        return await flavors.setExtraSpecs(ctx, params.id, 'update', body);
      },
    );
    app.delete<SpecParams>(
      '/flavors/:id/os-extra_specs/:key',
      guard('os-flavor-extra-specs:delete'),
      async (request, reply) => {
        await flavors.deleteExtraSpec(request.ctx, request.params.id, request.params.key);
        return await reply.code(200).send();
      },
    );
  };
}

function publicFilter(value: string | undefined): boolean | undefined {
  if (value === undefined) return true;
  if (value.toLowerCase() === 'none') return undefined;
  const told = booleanInQuery(value);
  if (told === undefined) throw badRequest(`Invalid is_public filter [${value}]`);
  return told;
}

function sizeFilter(name: 'minRam' | 'minDisk', query: Query): number {
  const value = listOf(query[name])[0];
  if (value === undefined) return 0;
  if (!/^\s*-?\d{1,15}\s*$/.test(value)) throw badRequest(`Invalid ${name} filter [${value}]`);
  return Number(value);
}

function viewAccess(id: string, projects: readonly string[]) {
  return { flavor_access: projects.map((tenant_id) => ({ flavor_id: id, tenant_id })) };
}

function viewFlavor(row: FlavorRow, minor: number, links: Links, withSpecs: boolean) {
  return {
    id: row.id,
    name: row.name,
    ram: row.ram,
    disk: row.disk,
    // compat: no swap is an empty text until 2.75.
    swap: row.swap === 0 && minor < 75 ? '' : row.swap,
    'OS-FLV-EXT-DATA:ephemeral': row.ephemeral,
    ...(minor < 102 && { 'OS-FLV-DISABLED:disabled': row.disabled === 1 }),
    vcpus: row.vcpus,
    'os-flavor-access:is_public': row.is_public === 1,
    ...(minor < 102 && { rxtx_factor: Number(row.rxtx_factor) }),
    links: links.both(`flavors/${row.id}`),
    ...(minor >= 55 && { description: row.description }),
    ...(minor >= 61 && withSpecs && { extra_specs: extraSpecsOf(row) }),
  };
}

/** The link to the next page; nothing on the last one. */
function nextLink(links: Links, path: string, query: Query, rows: readonly FlavorRow[]) {
  const limit = Number(listOf(query['limit'])[0] ?? MAX_LIMIT);
  const last = rows.at(-1);
  if (!last || rows.length < Math.min(limit, MAX_LIMIT)) return {};
  return {
    flavors_links: [{ rel: 'next', href: pageLink(links.self(path), query, last.id) }],
  };
}
