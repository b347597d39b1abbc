/** The role as it travels. */
import { Type, type Static } from 'typebox';
import { Description, Id, nameOf, ResourceOptions } from '../schema.ts';

const properties = {
  description: Type.Optional(Description),
  domain_id: Type.Optional(Type.Union([Id, Type.Null()])),
  options: Type.Optional(ResourceOptions),
};

/** Other attributes may be there too, and are kept. */
export const RoleCreate = Type.Object({ name: nameOf(255), ...properties });
export type RoleCreate = Static<typeof RoleCreate>;

export const RoleUpdate = Type.Object(
  { id: Type.Optional(Type.String()), name: Type.Optional(nameOf(255)), ...properties },
  { minProperties: 1 },
);
export type RoleUpdate = Static<typeof RoleUpdate>;

export const ROLE_ATTRIBUTES = ['name', 'description', 'domain_id'] as const;
