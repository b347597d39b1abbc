/** The region as it travels. */
import { Type, type Static } from 'typebox';

const RegionId = Type.String({ minLength: 1, maxLength: 255 });

const properties = {
  description: Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])),
  parent_region_id: Type.Optional(Type.Union([RegionId, Type.Null()])),
};

/** Other attributes may be there too, and are kept. An empty id is none. */
export const RegionCreate = Type.Object({
  id: Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()])),
  ...properties,
});
export type RegionCreate = Static<typeof RegionCreate>;

export const RegionUpdate = Type.Object(
  { id: Type.Optional(Type.String()), ...properties },
  { minProperties: 1 },
);
export type RegionUpdate = Static<typeof RegionUpdate>;

export const REGION_ATTRIBUTES = ['description', 'parent_region_id'] as const;
