/** /os-quota-sets and /os-quota-class-sets: HTTP in, HTTP out, no decisions. */
import type { Context } from '#platform/context.ts';
import { listOf, type Query } from '#platform/http/list-query.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { booleanOf, NO_PARAMS } from '../http/schema-parts.ts';
import type { QuotaResource } from '../quota-defaults.ts';
import { quotasOfClass, quotasOfSet } from './quota-names.ts';
import { parseLimits } from './quota.rules.ts';
import * as schema from './quota.schema.ts';
import type { QuotaOwner, QuotaService } from './quota.service.ts';

type OfProject = { Params: { id: string }; Querystring: Query };

const setPolicy = (verb: string) => ({
  config: { policy: `os_compute_api:os-quota-sets:${verb}` },
});
const classPolicy = (verb: string) => ({
  config: { policy: `os_compute_api:os-quota-class-sets:${verb}` },
});

/** The quotas that a microversion shows. */
function select<T>(values: Readonly<Record<QuotaResource, T>>, names: readonly QuotaResource[]) {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

export function quotaRoutes(quotas: QuotaService, check: RequestCheck): ComputeRoutes {
  const ownerOf = (ctx: Context, projectId: string, given: Query): QuotaOwner => {
    const query = check.query(schema.QUOTA_QUERY, ctx.microversion, given);
    return { projectId, userId: listOf(query['user_id'])[0] || null };
  };

  return (app) => {
    app.get<OfProject>('/os-quota-sets/:id', setPolicy('show'), async ({ ctx, params, query }) => {
      const limits = await quotas.limits(ctx, ownerOf(ctx, params.id, query));
      return { quota_set: { id: params.id, ...select(limits, quotasOfSet(ctx.microversion)) } };
    });
    app.get<OfProject>(
      '/os-quota-sets/:id/detail',
      setPolicy('detail'),
      async ({ ctx, params, query }) => {
        const usage = await quotas.usage(ctx, ownerOf(ctx, params.id, query));
        return { quota_set: { id: params.id, ...select(usage, quotasOfSet(ctx.microversion)) } };
      },
    );
    app.get<OfProject>(
      '/os-quota-sets/:id/defaults',
      setPolicy('defaults'),
      async ({ ctx, params, query }) => {
        check.query(NO_PARAMS, ctx.microversion, query);
        const limits = await quotas.defaults(ctx, params.id);
        return { quota_set: { id: params.id, ...select(limits, quotasOfSet(ctx.microversion)) } };
      },
    );
    // compat: the answer to an update does not say whose quotas they are.
    app.put<OfProject>('/os-quota-sets/:id', setPolicy('update'), async (request) => {
      const { ctx, params, query } = request;
      const { quota_set: wanted } = check.body<schema.QuotaSetBody>(
        schema.QUOTA_SET_UPDATE,
        ctx.microversion,
        request.body,
      );
      const limits = await quotas.update(
        ctx,
        ownerOf(ctx, params.id, query),
        parseLimits('quota_set', wanted),
        { force: booleanOf(wanted.force) ?? false },
      );
      return { quota_set: select(limits, quotasOfSet(ctx.microversion)) };
    });
    app.delete<OfProject>('/os-quota-sets/:id', setPolicy('delete'), async (request, reply) => {
      const { ctx, params, query } = request;
      await quotas.delete(ctx, ownerOf(ctx, params.id, query));
      return await reply.code(202).send();
    });
    app.get<OfProject>(
      '/os-quota-class-sets/:id',
      classPolicy('show'),
      async ({ ctx, params, query }) => {
        check.query(NO_PARAMS, ctx.microversion, query);
        const limits = await quotas.classLimits(ctx, params.id);
        const shown = select(limits, quotasOfClass(ctx.microversion));
        return { quota_class_set: { id: params.id, ...shown } };
      },
    );
    app.put<OfProject>('/os-quota-class-sets/:id', classPolicy('update'), async (request) => {
      const { ctx, params } = request;
      const { quota_class_set: wanted } = check.body<schema.QuotaClassSetBody>(
        schema.QUOTA_CLASS_UPDATE,
        ctx.microversion,
        request.body,
      );
      const given = parseLimits('quota_class_set', wanted);
      const limits = await quotas.updateClass(ctx, params.id, given);
      return { quota_class_set: select(limits, quotasOfClass(ctx.microversion)) };
    });
  };
}
