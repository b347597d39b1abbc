/** Aggregates as they travel. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { FQDN, listParams, NAME } from '../http/schema-parts.ts';

export type AggregateCreateBody = {
  readonly aggregate: { readonly name: string; readonly availability_zone?: string | null };
};
export type AggregateUpdateBody = {
  readonly aggregate: { readonly name?: string; readonly availability_zone?: string | null };
};
export type HostBody = { readonly host: string };
export type MetadataBody = { readonly metadata: Readonly<Record<string, string | null>> };

/** No colons, since `zone:host` names a host. */
const ZONE: Schema = { oneOf: [{ ...NAME, pattern: '^[^:]*$' }, { type: 'null' }] };
/** compat: an update may have spaces around the name, and they are taken off. */
const LOOSE_NAME: Schema = { type: 'string', minLength: 1, maxLength: 255, pattern: '\\S' };

function wrapped(name: string, content: Schema): Schema {
  return {
    type: 'object',
    properties: { [name]: { type: 'object', additionalProperties: false, ...content } },
    required: [name],
    additionalProperties: false,
  };
}

export const AGGREGATE_CREATE = wrapped('aggregate', {
  properties: { name: NAME, availability_zone: ZONE },
  required: ['name'],
});

export const AGGREGATE_UPDATE = wrapped('aggregate', {
  properties: { name: LOOSE_NAME, availability_zone: ZONE },
  anyOf: [{ required: ['name'] }, { required: ['availability_zone'] }],
});

const HOST: Schema = { properties: { host: FQDN }, required: ['host'] };

/** By the name of the action. */
export const AGGREGATE_ACTIONS = {
  add_host: wrapped('add_host', HOST),
  remove_host: wrapped('remove_host', HOST),
  set_metadata: wrapped('set_metadata', {
    properties: {
      metadata: {
        type: 'object',
        patternProperties: {
          '^[a-zA-Z0-9-_:. ]{1,255}$': { type: ['string', 'null'], maxLength: 255 },
        },
        additionalProperties: false,
      },
    },
    required: ['metadata'],
  }),
} as const;

export type AggregateAction = keyof typeof AGGREGATE_ACTIONS;

export const AGGREGATE_QUERY: SchemaRanges = [
  [1, listParams({}, true)],
  [102, listParams({}, false)],
];
