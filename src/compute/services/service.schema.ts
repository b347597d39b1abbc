/** Compute services as they travel. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { BOOLEAN, FQDN, listParams } from '../http/schema-parts.ts';

/** Below 2.53: which service, and what the action in the path needs. */
export type ServiceActionBody = {
  readonly host: string;
  readonly binary: string;
  readonly disabled_reason?: string;
  readonly forced_down?: unknown;
};

/** From 2.53 on. */
export type ServiceUpdateBody = {
  readonly status?: 'enabled' | 'disabled';
  readonly disabled_reason?: string;
  readonly forced_down?: unknown;
};

const TEXT: Schema = { type: 'string', minLength: 1, maxLength: 255 };
const NAMED = { host: FQDN, binary: TEXT, disabled_reason: TEXT };

const members = (properties: object, required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

export const SERVICE_UPDATE: SchemaRanges = [
  [1, members(NAMED, ['host', 'binary'])],
  [11, members({ ...NAMED, forced_down: BOOLEAN }, ['host', 'binary'])],
  [
    53,
    members(
      {
        status: { type: 'string', enum: ['enabled', 'disabled'] },
        disabled_reason: TEXT,
        forced_down: BOOLEAN,
      },
      [],
    ),
  ],
];

const FILTERS = { host: { type: 'string' }, binary: { type: 'string' } };

export const SERVICE_QUERY: SchemaRanges = [
  [1, listParams(FILTERS, true)],
  [75, listParams(FILTERS, false)],
];
