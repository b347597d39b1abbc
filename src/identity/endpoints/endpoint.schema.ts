/** The endpoint as it travels. */
import { Type, type Static } from 'typebox';

const Region = Type.Optional(
  Type.Union([Type.String({ minLength: 1, maxLength: 255 }), Type.Null()]),
);
const Url = Type.String({ maxLength: 225, pattern: '^[a-zA-Z0-9+.-]+:.+' });
const Interface = Type.Enum(['admin', 'internal', 'public']);
const ServiceId = Type.String({ minLength: 1, maxLength: 64 });

const properties = {
  enabled: Type.Optional(Type.Boolean()),
  region_id: Region,
  /** An older way to say the same; a region that is not there is made. */
  region: Region,
};

/** Other attributes, such as `name`, may be there too, and are kept. */
export const EndpointCreate = Type.Object({
  interface: Interface,
  service_id: ServiceId,
  url: Url,
  ...properties,
});
export type EndpointCreate = Static<typeof EndpointCreate>;

export const EndpointUpdate = Type.Object(
  {
    id: Type.Optional(Type.String()),
    interface: Type.Optional(Interface),
    service_id: Type.Optional(ServiceId),
    url: Type.Optional(Url),
    ...properties,
  },
  { minProperties: 1 },
);
export type EndpointUpdate = Static<typeof EndpointUpdate>;

export const ENDPOINT_ATTRIBUTES = [
  'interface',
  'service_id',
  'url',
  'enabled',
  'region_id',
  'region',
] as const;
