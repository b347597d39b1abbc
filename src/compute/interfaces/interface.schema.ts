/** POST /servers/{id}/os-interface as it travels, by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { TAG, UUID } from '../http/schema-parts.ts';

export type InterfaceCreateBody = {
  readonly interfaceAttachment?: {
    readonly net_id?: string;
    readonly port_id?: string;
    readonly fixed_ips?: readonly [{ readonly ip_address: string }];
    readonly tag?: string;
  };
} | null;

function createSchema(more: object): Schema {
  return {
    type: ['object', 'null'],
    properties: {
      interfaceAttachment: {
        type: 'object',
        properties: {
          net_id: UUID,
          port_id: UUID,
          fixed_ips: {
            type: 'array',
            minItems: 1,
            maxItems: 1,
            items: {
              type: 'object',
              properties: {
                ip_address: { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
              },
              required: ['ip_address'],
              additionalProperties: false,
            },
          },
          ...more,
        },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  };
}

export const INTERFACE_CREATE: SchemaRanges = [
  [1, createSchema({})],
  [49, createSchema({ tag: TAG })],
];
