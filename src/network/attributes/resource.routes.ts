/** The five routes that every resource has: HTTP in, HTTP out, no decisions. */
import type { FastifyRequest } from 'fastify';
import type { Context } from '#platform/context.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Query } from '#platform/http/list-query.ts';
import { LongList, sendLongList } from '#platform/http/long-list.ts';
import type { Target } from '#platform/policy/check-string.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { resourceNotFound } from '../network.faults.ts';
import type { CreateOf, Resource, UpdateOf } from './attribute.ts';
import { pageLinks, readFields, readListQuery, type ListQuery } from './list-query.ts';
import { readCreate, readUpdate, type Sent } from './request-body.ts';
import { readIfMatch } from './revision.ts';
import { Viewer } from './view.ts';

/** What can be done with a resource whose members are of type `T`. `ifMatch` is the revision that the caller has seen. */
export interface ResourceService<R extends Resource, T> {
  list(ctx: Context, query: ListQuery): Promise<readonly T[] | LongList<T>>;
  get(ctx: Context, id: string): Promise<T>;
  /** All of them or none. */
  create(ctx: Context, items: readonly Sent<CreateOf<R>>[]): Promise<readonly T[]>;
  update(ctx: Context, id: string, change: Sent<UpdateOf<R>>, ifMatch?: number): Promise<T>;
  delete(ctx: Context, id: string, ifMatch?: number): Promise<void>;
}

export type ResourceRoutes<R extends Resource, T> = {
  readonly resource: R;
  readonly service: ResourceService<R, T>;
  readonly policy: Policy;
  /** All that could be shown of it. */
  readonly view: (member: T) => Record<string, unknown> & { readonly id: string };
  /** Whose it is, for the policy. */
  readonly target: (member: T) => Target;
  /** Where the list is, when that is not the plural with dashes: `security-groups`. */
  readonly path?: string;
};

type ById = { Params: { id: string } };

export function resourceRoutes<R extends Resource, T>(
  app: ServiceApp,
  { resource, service, policy, view, target, ...options }: ResourceRoutes<R, T>,
): void {
  const { name, plural } = resource;
  const path = `/v2.0/${options.path ?? plural.replaceAll('_', '-')}`;
  const showOne = (request: FastifyRequest, member: T) =>
    new Viewer(policy, request.ctx, resource).show(view(member), target(member));

  const look = (members: readonly T[]) =>
    members.map((member) => ({ whole: view(member), whose: target(member) }));

  app.get(path, { config: { policy: `get_${name}` } }, async (request, reply) => {
    const query = request.query as Query;
    const wanted = readListQuery(resource, query);
    const viewer = new Viewer(policy, request.ctx, resource, wanted.fields);
    const show = (looked: ReturnType<typeof look>): readonly object[] =>
      looked
        .filter(({ whose }) => viewer.sees(whose))
        .map(({ whole, whose }) => viewer.show(whole, whose));
    const linksOf = (ids: readonly string[]) => {
      const links = pageLinks(addressOf(request), query, wanted.page, ids);
      return links && { [`${plural}_links`]: links };
    };
    const list = await service.list(request.ctx, wanted);
    if (list instanceof LongList) {
      return await sendLongList(reply, {
        name: plural,
        list,
        show: (members) => show(look(members)),
        more: linksOf(list.ids) ?? {},
      });
    }
    const looked = look(list);
    return { [plural]: show(looked), ...linksOf(looked.map(({ whole }) => whole.id)) };
  });

  app.get<ById>(`${path}/:id`, { config: { policy: `get_${name}` } }, async (request) => {
    const member = await service.get(request.ctx, request.params.id);
    const viewer = new Viewer(policy, request.ctx, resource, readFields(request.query));
    if (!viewer.sees(target(member))) throw resourceNotFound();
    return { [name]: viewer.show(view(member), target(member)) };
  });

  app.post(path, { config: { policy: `create_${name}` } }, async (request, reply) => {
    const { bulk, items } = readCreate(request.ctx, resource, request.body);
    const made = await service.create(request.ctx, items);
    const views = made.map((member) => showOne(request, member));
    return await reply.code(201).send(bulk ? { [plural]: views } : { [name]: views[0] });
  });

  app.put<ById>(`${path}/:id`, { config: { policy: `update_${name}` } }, async (request) => {
    const change = readUpdate(request.ctx, resource, request.body);
    const ifMatch = readIfMatch(request.headers['if-match']);
    return {
      [name]: showOne(
        request,
        await service.update(request.ctx, request.params.id, change, ifMatch),
      ),
    };
  });

  app.delete<ById>(
    `${path}/:id`,
    { config: { policy: `delete_${name}` } },
    async (request, reply) => {
      const ifMatch = readIfMatch(request.headers['if-match']);
      await service.delete(request.ctx, request.params.id, ifMatch);
      return await reply.code(204).send();
    },
  );
}

/** The address of the request as the client wrote it, without its query. */
export function addressOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}${request.url.split('?')[0]}`;
}
