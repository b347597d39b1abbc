/** /v2.0/quotas: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { QuotaService, type QuotaDeps } from './quota.service.ts';

type ById = { Params: { id: string } };

export function quotaRoutes(app: ServiceApp, deps: QuotaDeps): void {
  const quotas = new QuotaService(deps);
  const get = { config: { policy: 'get_quota' } };

  app.get('/v2.0/quotas', get, async (request) => ({
    quotas: (await quotas.list(request.ctx)).map(({ projectId, limits }) => ({
      ...limits,
      project_id: projectId,
      tenant_id: projectId,
    })),
  }));

  app.get('/v2.0/quotas/project', async (request) => ({
    project: { project_id: quotas.project(request.ctx) },
  }));

  app.get('/v2.0/quotas/tenant', async (request) => ({
    tenant: { tenant_id: quotas.project(request.ctx) },
  }));

  app.get<ById>('/v2.0/quotas/:id', get, async (request) => ({
    quota: await quotas.get(request.ctx, request.params.id),
  }));

  app.get<ById>('/v2.0/quotas/:id/default', get, async (request) => ({
    quota: quotas.defaults(request.ctx, request.params.id),
  }));

  // compat: the one path that clients ask for with a suffix.
  for (const path of ['details', 'details.json']) {
    app.get<ById>(`/v2.0/quotas/:id/${path}`, get, async (request) => ({
      quota: await quotas.details(request.ctx, request.params.id),
    }));
  }

  app.put<ById>('/v2.0/quotas/:id', { config: { policy: 'update_quota' } }, async (request) => ({
    quota: await quotas.update(request.ctx, request.params.id, request.body),
  }));

  app.delete<ById>(
    '/v2.0/quotas/:id',
    { config: { policy: 'delete_quota' } },
    async (request, reply) => {
      await quotas.delete(request.ctx, request.params.id);
      return await reply.code(204).send();
    },
  );
}
