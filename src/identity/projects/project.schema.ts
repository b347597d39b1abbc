/** The project as it travels. */
import { Type, type Static } from 'typebox';
import { Description, Id, nameOf, ResourceOptions } from '../schema.ts';

export const Tag = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^,/]*$' });
export const Tags = Type.Array(Tag, { maxItems: 80, uniqueItems: true });

const properties = {
  description: Type.Optional(Description),
  enabled: Type.Optional(Type.Boolean()),
  tags: Type.Optional(Tags),
  options: Type.Optional(ResourceOptions),
};
const place = {
  domain_id: Type.Optional(Type.Union([Id, Type.Null()])),
  parent_id: Type.Optional(Type.Union([Id, Type.Null()])),
  is_domain: Type.Optional(Type.Boolean()),
};

/** Other attributes may be there too, and are kept. */
export const ProjectCreate = Type.Object({ name: nameOf(64), ...properties, ...place });
export type ProjectCreate = Static<typeof ProjectCreate>;

export const ProjectUpdate = Type.Object(
  { id: Type.Optional(Type.String()), name: Type.Optional(nameOf(64)), ...properties, ...place },
  { minProperties: 1 },
);
export type ProjectUpdate = Static<typeof ProjectUpdate>;

/** A domain is a project that stands alone. */
export const DomainCreate = Type.Object({
  name: nameOf(64),
  explicit_domain_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
  ...properties,
});
export type DomainCreate = Static<typeof DomainCreate>;

export const DomainUpdate = Type.Object(
  { id: Type.Optional(Type.String()), name: Type.Optional(nameOf(64)), ...properties },
  { minProperties: 1 },
);
export type DomainUpdate = Static<typeof DomainUpdate>;

export const PROJECT_ATTRIBUTES = [
  'name',
  'description',
  'enabled',
  'tags',
  'domain_id',
  'parent_id',
  'is_domain',
  'explicit_domain_id',
] as const;
