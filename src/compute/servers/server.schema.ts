/** PUT /servers/{id} as it travels. */
import type { SchemaRanges, Schema } from '../http/request-check.ts';
import { DESCRIPTION, NAME } from '../http/schema-parts.ts';
import { DISK_CONFIG, hostnameUpTo } from './server-parts.schema.ts';
import type { ServerUpdate } from './server-actions.ts';

export type ServerUpdateBody = { readonly server: ServerUpdate };

function updateSchema(more: object): Schema {
  return {
    type: 'object',
    properties: {
      server: {
        type: 'object',
        properties: {
          name: NAME,
          'OS-DCF:diskConfig': DISK_CONFIG,
          accessIPv4: { anyOf: [{ type: 'string', format: 'ipv4' }, { const: '' }] },
          accessIPv6: { anyOf: [{ type: 'string', format: 'ipv6' }, { const: '' }] },
          ...more,
        },
        additionalProperties: false,
      },
    },
    required: ['server'],
    additionalProperties: false,
  };
}

export const SERVER_UPDATE: SchemaRanges = [
  [1, updateSchema({})],
  [19, updateSchema({ description: DESCRIPTION })],
  [90, updateSchema({ description: DESCRIPTION, hostname: hostnameUpTo(63) })],
  [94, updateSchema({ description: DESCRIPTION, hostname: hostnameUpTo(255) })],
  [
    104,
    updateSchema({
      description: DESCRIPTION,
      hostname: hostnameUpTo(255),
      pinned_availability_zone: { type: ['string', 'null'], minLength: 1, maxLength: 255 },
    }),
  ],
];
