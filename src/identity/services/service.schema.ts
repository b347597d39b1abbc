/** The catalog's service as it travels. */
import { Type, type Static } from 'typebox';

const properties = {
  enabled: Type.Optional(Type.Boolean()),
  name: Type.Optional(Type.String({ maxLength: 255 })),
  description: Type.Optional(Type.Union([Type.String({ maxLength: 65_535 }), Type.Null()])),
};
const ServiceType = Type.String({ minLength: 1, maxLength: 255 });

/** Other attributes may be there too, and are kept. */
export const ServiceCreate = Type.Object({ type: ServiceType, ...properties });
export type ServiceCreate = Static<typeof ServiceCreate>;

export const ServiceUpdate = Type.Object(
  { id: Type.Optional(Type.String()), type: Type.Optional(ServiceType), ...properties },
  { minProperties: 1 },
);
export type ServiceUpdate = Static<typeof ServiceUpdate>;

/** The description is kept with whatever else is sent, as Keystone does. */
export const SERVICE_ATTRIBUTES = ['type', 'name', 'enabled'] as const;
