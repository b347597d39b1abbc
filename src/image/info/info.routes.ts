/** /v2/info: what this image service can do, and what a project uses of it. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { IMPORT_METHODS, STORE } from '../imports/import.rules.ts';
import type { QuotaService } from '../quotas/quota.service.ts';

export function infoRoutes(app: ServiceApp, quotas: QuotaService): void {
  app.get('/v2/info/import', {}, async () => ({
    'import-methods': {
      description: 'Import methods available.',
      type: 'array',
      value: IMPORT_METHODS,
    },
  }));
  app.get('/v2/info/stores', {}, async () => ({ stores: [{ id: STORE, default: 'true' }] }));
  app.get('/v2/info/usage', {}, async (request) => ({
    usage: await quotas.usage(request.ctx.projectId),
  }));
}
