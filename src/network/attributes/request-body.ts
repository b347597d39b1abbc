/** Request bodies, read by an attribute table, in the order and the words of Neutron's own checks. */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import { badRequest } from '../network.faults.ts';
import { isPrivileged } from './privilege.ts';
import type { Attribute, CreateOf, Resource, UpdateOf } from './attribute.ts';

/** What was read, and which attributes the caller chose (sent, and not as they would have been anyway). */
export type Sent<T> = { readonly values: T; readonly chosen: Chosen };

/** Chosen attributes by name: the ones that policies are asked about. */
export type Chosen = Readonly<Record<string, unknown>>;

export type CreateRequest<T> = {
  /** True when the answer is a list too. */
  readonly bulk: boolean;
  readonly items: readonly Sent<T>[];
};

/** Reads `{"port": {...}}` or `{"ports": [{...}, ...]}`. */
export function readCreate<R extends Resource>(
  ctx: Context,
  resource: R,
  body: unknown,
): CreateRequest<CreateOf<R>> {
  const whole = checkBody(body);
  if (!(resource.plural in whole)) {
    return { bulk: false, items: [readCreateItem(ctx, resource, whole)] };
  }
  const list = whole[resource.plural];
  if (!Array.isArray(list) || list.length === 0) throw badRequest('Resources required');
  const items = list.map((item: unknown) =>
    // Each may be wrapped in its own name again.
    isJsonObject(item) && resource.name in item
      ? readCreateItem(ctx, resource, item)
      : readCreateItem(ctx, resource, { [resource.name]: item as JsonObject }),
  );
  return { bulk: true, items };
}

function readCreateItem<R extends Resource>(
  ctx: Context,
  resource: R,
  body: JsonObject,
): Sent<CreateOf<R>> {
  const sent = withProject(ctx, unwrap(resource, body));
  sent['project_id'] ??= ctx.projectId;
  checkNames(resource, sent);
  for (const [name, { post }] of Object.entries(resource.attributes)) {
    if (post === 'required' && !(name in sent)) {
      throw badRequest(`Failed to parse request. Required attribute '${name}' not specified`);
    }
    if (post === undefined && name in sent) {
      throw badRequest(`Attribute '${name}' not allowed in POST`);
    }
  }
  const values: Record<string, unknown> = {};
  const chosen: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(resource.attributes)) {
    if (name in sent) {
      values[name] = read(attribute, sent[name], name);
      if (!isDefault(attribute, values[name])) chosen[name] = values[name];
    } else if (typeof attribute.post === 'object') {
      values[name] = attribute.post.default;
    }
  }
  return { values: values as CreateOf<R>, chosen };
}

/** Reads `{"port": {...}}` for a change. */
export function readUpdate<R extends Resource>(
  ctx: Context,
  resource: R,
  body: unknown,
): Sent<UpdateOf<R>> {
  const sent = withProject(ctx, unwrap(resource, checkBody(body)));
  checkNames(resource, sent);
  for (const [name, { put }] of Object.entries(resource.attributes)) {
    if (put === undefined && name in sent) {
      throw badRequest(`Cannot update read-only attribute ${name}`);
    }
  }
  const values: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(resource.attributes)) {
    if (name in sent) values[name] = read(attribute, sent[name], name);
  }
  return { values: values as UpdateOf<R>, chosen: values };
}

function checkBody(body: unknown): JsonObject {
  if (body === null || body === undefined || body === '') {
    throw badRequest('Resource body required');
  }
  if (!isJsonObject(body)) throw badRequest('Request body is not a JSON object');
  if (Object.keys(body).length === 0) throw badRequest('Resource body required');
  return body;
}

function unwrap(resource: Resource, body: JsonObject): JsonObject {
  const inner = body[resource.name];
  if (inner === undefined || inner === null) {
    throw badRequest(`Unable to find '${resource.name}' in request body`);
  }
  if (!isJsonObject(inner)) {
    throw badRequest(`Object '${resource.name}' contains invalid data`);
  }
  return inner;
}

/** A copy in which `tenant_id` has become `project_id`. Only an administrator may name another project. */
function withProject(ctx: Context, sent: JsonObject): Record<string, unknown> {
  const { tenant_id, ...rest } = sent;
  if (tenant_id === undefined && rest['project_id'] === undefined) return { ...rest };
  const projectId = rest['project_id'] ?? tenant_id;
  if (tenant_id !== undefined && projectId !== tenant_id) {
    throw badRequest("'project_id' and 'tenant_id' do not match");
  }
  if (projectId !== ctx.projectId && !isPrivileged(ctx)) {
    throw badRequest(
      "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin or advsvc privileges",
    );
  }
  return { ...rest, project_id: projectId };
}

function checkNames(resource: Resource, sent: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(sent).filter((name) => !Object.hasOwn(resource.attributes, name));
  if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
}

function read(attribute: Attribute, sent: unknown, name: string): unknown {
  if (!attribute.read) throw new Error(`the attribute '${name}' may be sent, but has no reader`);
  return attribute.read(sent, name);
}

function isDefault({ post }: Attribute, value: unknown): boolean {
  return typeof post === 'object' && isDeepStrictEqual(post.default, value);
}
