/** /servers/{id}/tags, from 2.26 on. */
import type { Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import { badRequest, versionNotFoundForMethod } from '../compute.faults.ts';
import { linksOf, type ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck, Schema } from '../http/request-check.ts';
import { NO_PARAMS, TAG } from '../http/schema-parts.ts';
import type { ServerActions } from '../servers/server-actions.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import { joinTags, tagsOf } from '../servers/server-row.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({ config: { policy: `os_compute_api:os-server-tags:${verb}` } });

type Id = { Params: { id: string } };
type Tag = { Params: { id: string; tag: string } };

const RULE = 'os_compute_api:os-server-tags';
/** As many as Nova lets a server have. */
const MAX_TAGS = 50;

const TAGS_BODY: Schema = {
  type: 'object',
  properties: { tags: { type: 'array', items: TAG, maxItems: MAX_TAGS } },
  required: ['tags'],
  additionalProperties: false,
};

const tagNotFound = (id: string, tag: string) =>
  new Fault('not-found', 'InstanceTagNotFound', `Server ${id} has no tag '${tag}'`);

export function serverTagRoutes(
  reader: ServerReader,
  actions: ServerActions,
  check: RequestCheck,
): ComputeRoutes {
  const write = async (
    ctx: Context,
    id: string,
    verb: string,
    change: (present: readonly string[]) => readonly string[],
  ) =>
    tagsOf(
      await actions.describe(ctx, id, `${RULE}:${verb}`, 'tags', (server) => ({
        tags: joinTags(change(tagsOf(server))),
      })),
    );

  return (app) => {
    app.get<Id>('/servers/:id/tags', guard('index'), async (request) => {
      since26(request.ctx);
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      const row = await reader.get(request.ctx, request.params.id, `${RULE}:index`);
      return { tags: tagsOf(row) };
    });
    app.put<Id>('/servers/:id/tags', guard('update_all'), async (request) => {
      const { ctx, params } = request;
      since26(ctx);
      const body = check.body<{ tags: readonly string[] }>(
        TAGS_BODY,
        ctx.microversion,
        request.body,
      );
      return { tags: await write(ctx, params.id, 'update_all', () => body.tags) };
    });
    app.delete<Id>('/servers/:id/tags', guard('delete_all'), async (request, reply) => {
      since26(request.ctx);
      await write(request.ctx, request.params.id, 'delete_all', () => []);
      return await reply.code(204).send();
    });
    app.get<Tag>('/servers/:id/tags/:tag', guard('show'), async (request, reply) => {
      const { id, tag } = request.params;
      since26(request.ctx);
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      const row = await reader.get(request.ctx, id, `${RULE}:show`);
      if (!tagsOf(row).includes(tag)) throw tagNotFound(id, tag);
      return await reply.code(204).send();
    });
    app.put<Tag>('/servers/:id/tags/:tag', guard('update'), async (request, reply) => {
      const { id, tag } = request.params;
      since26(request.ctx);
      checkTag(tag);
      let made = false;
      await write(request.ctx, id, 'update', (present) => {
        made = !present.includes(tag);
        if (made && present.length >= MAX_TAGS) {
          throw badRequest(`The number of tags exceeded the per-server limit ${MAX_TAGS}`);
        }
        return made ? [...present, tag] : present;
      });
      if (!made) return await reply.code(204).send();
      reply.header('location', linksOf(request).self(`servers/${id}/tags/${tag}`));
      return await reply.code(201).send();
    });
    app.delete<Tag>('/servers/:id/tags/:tag', guard('delete'), async (request, reply) => {
      const { id, tag } = request.params;
      since26(request.ctx);
      await write(request.ctx, id, 'delete', (present) => {
        if (!present.includes(tag)) throw tagNotFound(id, tag);
        return present.filter((other) => other !== tag);
      });
      return await reply.code(204).send();
    });
  };
}

function since26({ microversion }: Context): void {
  if (microversion < 26) throw versionNotFoundForMethod(microversion);
}

/** A tag comes in the path here, where no schema sees it. */
function checkTag(tag: string): void {
  if (tag.length > 60) throw badRequest(`Tag '${tag}' is too long. Maximum length of a tag is 60`);
  if (/[,/]/.test(tag)) {
    throw badRequest(
      `Tag '${tag}' is invalid. It must be a non empty string without characters '/' and ','.`,
    );
  }
}
