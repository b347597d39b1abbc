/** Bodies of what is asked about floating IPs. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';

const ADDRESS: Schema = { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] };

const action = (name: string, properties: Readonly<Record<string, Schema>>): SchemaRanges => [
  [
    1,
    {
      type: 'object',
      properties: {
        [name]: {
          type: 'object',
          properties,
          required: ['address'],
          additionalProperties: false,
        },
      },
      required: [name],
      additionalProperties: false,
    },
  ],
];

/** Bodies of the actions of servers. */
export const FLOATING_IP_ACTION_BODIES: Readonly<Record<string, SchemaRanges>> = {
  addFloatingIp: action('addFloatingIp', { address: ADDRESS, fixed_address: ADDRESS }),
  removeFloatingIp: action('removeFloatingIp', { address: ADDRESS }),
};

/** compat: other members are passed over. */
export const FLOATING_IP_CREATE: Schema = {
  type: ['object', 'null'],
  properties: { pool: { type: ['string', 'null'] } },
};
