/** /v2/schemas: what clients may learn of images and members before they send any. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { ImageObject, UUID_PATTERN } from '../images/image.schema.ts';

const LIST_LINKS = [
  { rel: 'first', href: '{first}' },
  { rel: 'next', href: '{next}' },
  { rel: 'describedby', href: '{schema}' },
];

// compat: glance names `stores` too, and then its client (4.1 and others) refuses every command, since it
// makes an option of each attribute and has a `--stores` already.
const { stores: _stores, ...PROPERTIES } = ImageObject.properties;

const IMAGE = {
  name: 'image',
  properties: PROPERTIES,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
};

const MEMBER = {
  name: 'member',
  properties: {
    member_id: { type: 'string', description: 'An identifier for the image member (tenantId)' },
    image_id: { type: 'string', description: 'An identifier for the image', pattern: UUID_PATTERN },
    created_at: { type: 'string', description: 'Date and time of image member creation' },
    updated_at: {
      type: 'string',
      description: 'Date and time of last modification of image member',
    },
    status: {
      type: 'string',
      description: 'The status of this image member',
      enum: ['pending', 'accepted', 'rejected'],
    },
    schema: { readOnly: true, type: 'string' },
  },
};

const SCHEMAS = {
  image: IMAGE,
  images: {
    name: 'images',
    properties: {
      images: { type: 'array', items: IMAGE },
      first: { type: 'string' },
      next: { type: 'string' },
      schema: { type: 'string' },
    },
    links: LIST_LINKS,
  },
  member: MEMBER,
  members: {
    name: 'members',
    properties: { members: { type: 'array', items: MEMBER }, schema: { type: 'string' } },
    links: [{ rel: 'describedby', href: '{schema}' }],
  },
};

export function schemaRoutes(app: ServiceApp): void {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    app.get(`/v2/schemas/${name}`, {}, async () => schema);
  }
}
