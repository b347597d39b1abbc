/** Server groups as they travel, by microversion. */
import type { ServerGroupPolicy } from '#platform/db/tables/compute-server-groups.ts';
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { listParams, NAME, POSITIVE } from '../http/schema-parts.ts';

/** `policies` below 2.64, `policy` and `rules` from then on. */
export type ServerGroupCreateBody = {
  readonly server_group: {
    readonly name: string;
    readonly policies?: readonly ServerGroupPolicy[];
    readonly policy?: ServerGroupPolicy;
    readonly rules?: { readonly max_server_per_host?: number | string };
  };
};

/** compat: as text it is a number too, and never 0. */
const POSITIVE_COUNT = { ...POSITIVE, pattern: '^0*[1-9][0-9]{0,8}$' };

const HARD = ['anti-affinity', 'affinity'];
const ALL = [...HARD, 'soft-anti-affinity', 'soft-affinity'];

function createSchema(members: object, required: readonly string[]): Schema {
  return {
    type: 'object',
    properties: {
      server_group: {
        type: 'object',
        properties: { name: NAME, ...members },
        required: ['name', ...required],
        additionalProperties: false,
      },
    },
    required: ['server_group'],
    additionalProperties: false,
  };
}

const policies = (names: readonly string[]) => ({
  policies: {
    type: 'array',
    items: { type: 'string', enum: names },
    uniqueItems: true,
    minItems: 1,
    maxItems: 1,
  },
});

export const SERVER_GROUP_CREATE: SchemaRanges = [
  [1, createSchema(policies(HARD), ['policies'])],
  [15, createSchema(policies(ALL), ['policies'])],
  [
    64,
    createSchema(
      {
        policy: { type: 'string', enum: ALL },
        rules: {
          type: 'object',
          properties: { max_server_per_host: POSITIVE_COUNT },
          additionalProperties: false,
        },
      },
      ['policy'],
    ),
  ],
];

const NUMBER = { type: 'string', pattern: '^[0-9]*$', minLength: 1 };
const LISTED = { all_projects: { type: 'string' }, limit: NUMBER, offset: NUMBER };

export const SERVER_GROUP_LIST_QUERY: SchemaRanges = [
  [1, listParams(LISTED, true)],
  [75, listParams(LISTED, false)],
];
