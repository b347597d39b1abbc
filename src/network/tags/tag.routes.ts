/** /v2.0/{collection}/{id}/tags: HTTP in, HTTP out, no decisions. */
import type { FastifyReply } from 'fastify';
import type { ServiceApp } from '#platform/http/http-app.ts';
import { readTag, readTags, type TaggedResource } from './tag.rules.ts';
import { TAGGED, TagService, type TagDeps } from './tag.service.ts';

type ById = { Params: { id: string } };
type ByTag = { Params: { id: string; tag: string } };

export function tagRoutes(app: ServiceApp, deps: TagDeps): void {
  const tags = new TagService(deps);
  for (const [resource, name] of Object.entries(TAGGED) as [TaggedResource, string][]) {
    const path = `/v2.0/${resource.replaceAll('_', '-')}/:id/tags`;
    const rule = (action: string) => ({ config: { policy: `${action}_${name}:tags` } });

    app.get<ById>(path, rule('get'), async ({ ctx, params: { id } }) => ({
      tags: await tags.list(ctx, { resource, id }),
    }));

    app.get<ByTag>(`${path}/:tag`, rule('get'), async ({ ctx, params: { id, tag } }, reply) => {
      await tags.check(ctx, { resource, id }, readTag(tag));
      return await reply.code(204).send();
    });

    app.post<ById>(path, rule('create'), async ({ ctx, params: { id }, body }) => {
      const added = readTags(body);
      await tags.add(ctx, { resource, id }, added, 'create');
      return { tags: added };
    });

    app.put<ById>(path, rule('update'), async ({ ctx, params: { id }, body }) => {
      const wanted = readTags(body);
      await tags.replace(ctx, { resource, id }, wanted);
      return { tags: wanted };
    });

    app.put<ByTag>(`${path}/:tag`, rule('update'), async ({ ctx, params: { id, tag } }, reply) => {
      await tags.add(ctx, { resource, id }, [readTag(tag)], 'update');
      return await sendNull(reply.code(201));
    });

    app.delete<ById>(path, rule('delete'), async ({ ctx, params: { id } }, reply) => {
      await tags.remove(ctx, { resource, id });
      return await reply.code(204).send();
    });

    app.delete<ByTag>(
      `${path}/:tag`,
      rule('delete'),
      async ({ ctx, params: { id, tag } }, reply) => {
        await tags.remove(ctx, { resource, id }, readTag(tag));
        return await reply.code(204).send();
      },
    );
  }
}

/** compat: Neutron answers with the JSON value null, not with nothing. */
async function sendNull(reply: FastifyReply): Promise<FastifyReply> {
  return await reply
    .type('application/json')
    .serializer(() => 'null')
    .send({});
}
