/** The group as it travels. */
import { Type, type Static } from 'typebox';
import { Description, Id, nameOf } from '../schema.ts';

const properties = {
  description: Type.Optional(Description),
  domain_id: Type.Optional(Id),
};

/** Other attributes may be there too, and are kept. */
export const GroupCreate = Type.Object({ name: nameOf(64), ...properties });
export type GroupCreate = Static<typeof GroupCreate>;

export const GroupUpdate = Type.Object(
  { id: Type.Optional(Type.String()), name: Type.Optional(nameOf(64)), ...properties },
  { minProperties: 1 },
);
export type GroupUpdate = Static<typeof GroupUpdate>;

export const GROUP_ATTRIBUTES = ['name', 'description', 'domain_id'] as const;
