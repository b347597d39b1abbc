/** /v2/images/{id}/stage, /import and /tasks: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { receive } from '../image-data/image-data.routes.ts';
import { checkImportBody } from './import.rules.ts';
import type { ImportService } from './import.service.ts';
import type { TaskRow } from './import.store.ts';

const Params = Type.Object({ id: Type.String() });

/** compat: Glance forgets a finished task after two days, and says when. */
const TASK_LIFE_MS = 48 * 60 * 60 * 1000;

export function importRoutes(app: ServiceApp, imports: ImportService): void {
  app.put(
    '/v2/images/:id/stage',
    { config: { policy: 'modify_image' }, schema: { params: Params } },
    async (request, reply) => {
      await receive(request.raw, async (bytes, announced) => {
        await imports.stage(request.ctx, request.params.id, bytes, announced);
      });
      return await reply.code(204).send();
    },
  );

  app.post(
    '/v2/images/:id/import',
    { config: { policy: 'modify_image' }, schema: { params: Params } },
    async (request, reply) => {
      const store = request.headers['x-image-meta-store'];
      const body = checkImportBody(request.body, typeof store === 'string' ? store : undefined);
      await imports.import(request.ctx, request.params.id, body);
      return await reply.code(202).send();
    },
  );

  app.get(
    '/v2/images/:id/tasks',
    { config: { policy: 'get_image' }, schema: { params: Params } },
    async (request) => ({
      tasks: (await imports.tasks(request.ctx, request.params.id)).map(viewTask),
    }),
  );
}

function viewTask(task: TaskRow): Record<string, unknown> {
  const at = viewMicroseconds(new Date(task.created_at));
  return {
    id: task.id,
    type: 'api_image_import',
    status: task.status,
    owner: task.owner,
    expires_at: viewMicroseconds(new Date(Date.parse(task.created_at) + TASK_LIFE_MS)),
    created_at: at,
    updated_at: at,
    deleted_at: null,
    deleted: false,
    image_id: task.image_id,
    request_id: task.request_id,
    user_id: task.user_id,
    input: JSON.parse(task.input) as unknown,
    result: task.status === 'success' ? { image_id: task.image_id } : null,
    message: task.message,
  };
}

function viewMicroseconds(time: Date): string {
  return `${time.toISOString().slice(0, -1)}000`;
}
