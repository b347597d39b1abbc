/** Key pairs as they travel, by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { listParams } from '../http/schema-parts.ts';

export type KeypairCreateBody = {
  readonly keypair: {
    readonly name: string;
    readonly public_key?: string;
    readonly type?: 'ssh' | 'x509';
    readonly user_id?: string;
  };
};

const NAME: Schema = { type: 'string', minLength: 1, maxLength: 255 };
const PUBLIC_KEY: Schema = { type: 'string', maxLength: 65_535 };
const TYPE: Schema = { type: 'string', enum: ['ssh', 'x509'] };
const USER_ID: Schema = { type: 'string', minLength: 1, maxLength: 255 };

function createSchema(members: object, required: readonly string[]): Schema {
  return {
    type: 'object',
    properties: {
      keypair: { type: 'object', properties: members, required, additionalProperties: false },
    },
    required: ['keypair'],
    additionalProperties: false,
  };
}

const FIRST = { name: NAME, public_key: PUBLIC_KEY };

export const KEYPAIR_CREATE: SchemaRanges = [
  [1, createSchema(FIRST, ['name'])],
  [2, createSchema({ ...FIRST, type: TYPE }, ['name'])],
  [10, createSchema({ ...FIRST, type: TYPE, user_id: USER_ID }, ['name'])],
  // From here on the service makes no keys of its own.
  [92, createSchema({ ...FIRST, type: TYPE, user_id: USER_ID }, ['name', 'public_key'])],
];

const OF_USER = { user_id: { type: 'string' } };
const PAGED = {
  ...OF_USER,
  limit: { type: 'string', pattern: '^[0-9]*$', minLength: 1 },
  marker: { type: 'string' },
};

/** Unknown parameters are refused from 2.75 on. */
export const KEYPAIR_LIST_QUERY: SchemaRanges = [
  [1, listParams({}, true)],
  [10, listParams(OF_USER, true)],
  [35, listParams(PAGED, true)],
  [75, listParams(PAGED, false)],
];

export const KEYPAIR_QUERY: SchemaRanges = [
  [1, listParams({}, true)],
  [10, listParams(OF_USER, true)],
  [75, listParams(OF_USER, false)],
];
