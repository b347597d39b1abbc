/** Bodies of the actions by which servers got and lost addresses. compat: gone from 2.44 on. */
import type { SchemaRanges } from '../http/request-check.ts';
import { UUID } from '../http/schema-parts.ts';

const action = (name: string, member: string, schema: object): SchemaRanges => [
  [
    1,
    {
      type: 'object',
      properties: {
        [name]: {
          type: 'object',
          properties: { [member]: schema },
          required: [member],
          additionalProperties: false,
        },
      },
      required: [name],
      additionalProperties: false,
    },
  ],
];

const ADDRESS = { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] };

export const FIXED_IP_ACTION_BODIES: Readonly<Record<string, SchemaRanges>> = {
  addFixedIp: action('addFixedIp', 'networkId', UUID),
  removeFixedIp: action('removeFixedIp', 'address', ADDRESS),
};
