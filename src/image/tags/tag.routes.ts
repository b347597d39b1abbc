/** /v2/images/{id}/tags/{tag}: HTTP in, HTTP out, no decisions. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { ImageChecker } from '../images/image-checker.ts';
import type { TagService } from './tag.service.ts';

const Params = Type.Object({ id: Type.String(), tag: Type.String() });

export function tagRoutes(app: ServiceApp, tags: TagService, checker: ImageChecker): void {
  const options = { config: { policy: 'modify_image' }, schema: { params: Params } };
  app.put('/v2/images/:id/tags/:tag', options, async (request, reply) => {
    const { id, tag } = request.params;
    checker.check({ tags: [tag] });
    await tags.add(request.ctx, id, tag);
    return await reply.code(204).send();
  });
  app.delete('/v2/images/:id/tags/:tag', options, async (request, reply) => {
    const { id, tag } = request.params;
    await tags.delete(request.ctx, id, tag);
    return await reply.code(204).send();
  });
}
