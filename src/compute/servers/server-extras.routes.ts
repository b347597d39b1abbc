/** Small parts of a server that hold little here: password, security groups, volumes. */
import type { Context } from '#platform/context.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { ServerActions } from './server-actions.ts';
import type { ServerReader } from './server-reader.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({ config: { policy: `os_compute_api:${verb}` } });

type Id = { Params: { id: string } };

export function serverExtrasRoutes(reader: ServerReader, actions: ServerActions): ComputeRoutes {
  const check = async (ctx: Context, id: string, rule: string) =>
    await reader.get(ctx, id, `os_compute_api:${rule}`);
  return (app) => {
    // A guest tells its password through the metadata service, encrypted for whoever has the key.
    app.get<Id>(
      '/servers/:id/os-server-password',
      guard('os-server-password:show'),
      async (request) => {
        const rule = 'os-server-password:show';
        const { password } = await check(request.ctx, request.params.id, rule);
        return { password: password ?? '' };
      },
    );
    app.delete<Id>(
      '/servers/:id/os-server-password',
      guard('os-server-password:clear'),
      async (request, reply) => {
        await actions.clearPassword(request.ctx, request.params.id);
        return await reply.code(204).send();
      },
    );
    // No server has volumes until the volume service is there.
    app.get<Id>(
      '/servers/:id/os-volume_attachments',
      guard('os-volumes-attachments:index'),
      async (request) => {
        await check(request.ctx, request.params.id, 'os-volumes-attachments:index');
        return { volumeAttachments: [] };
      },
    );
  };
}
