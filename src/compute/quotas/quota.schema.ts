/** Quotas as they travel, by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { BOOLEAN, listParams } from '../http/schema-parts.ts';
import { MOST, quotasOfSet } from './quota-names.ts';

export type QuotaSetBody = {
  readonly quota_set: Readonly<Record<string, number | string>> & { readonly force?: unknown };
};
export type QuotaClassSetBody = {
  readonly quota_class_set: Readonly<Record<string, number | string>>;
};

const LIMIT: Schema = {
  type: ['integer', 'string'],
  pattern: '^-?[0-9]+$',
  minimum: -1,
  maximum: MOST,
};

function wrapped(name: string, members: Readonly<Record<string, Schema>>): Schema {
  return {
    type: 'object',
    properties: { [name]: { type: 'object', properties: members, additionalProperties: false } },
    required: [name],
    additionalProperties: false,
  };
}

const limitsAt = (minor: number) =>
  Object.fromEntries(quotasOfSet(minor).map((name) => [name, LIMIT]));

export const QUOTA_SET_UPDATE: SchemaRanges = [1, 36, 57].map(
  (minor) => [minor, wrapped('quota_set', { ...limitsAt(minor), force: BOOLEAN })] as const,
);

/** compat: a class takes server groups from the beginning, though it shows them from 2.50 on only. */
export const QUOTA_CLASS_UPDATE: SchemaRanges = (
  [
    [1, 1],
    [50, 36],
    [57, 57],
  ] as const
).map(([from, as]) => [from, wrapped('quota_class_set', limitsAt(as))] as const);

const USER = { user_id: { type: 'string' } };

export const QUOTA_QUERY: SchemaRanges = [
  [1, listParams(USER, true)],
  [75, listParams(USER, false)],
];
