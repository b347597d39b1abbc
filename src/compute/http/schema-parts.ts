/** Parts that Nova's schemas share. */
import type { Schema } from './request-check.ts';

const TRUE_WORDS = ['True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes'] as const;
const FALSE_WORDS = [
  'False',
  'FALSE',
  'false',
  '0',
  'OFF',
  'Off',
  'off',
  'NO',
  'No',
  'no',
] as const;

/** A boolean, or one of the words that Nova takes for one. */
export const BOOLEAN: Schema = {
  type: ['boolean', 'string'],
  enum: [true, ...TRUE_WORDS, false, ...FALSE_WORDS],
};

const TRUE_SET: ReadonlySet<unknown> = new Set([true, ...TRUE_WORDS]);
const FALSE_SET: ReadonlySet<unknown> = new Set([false, ...FALSE_WORDS]);

/** What a `BOOLEAN` says; undefined for what is none. */
export function booleanOf(value: unknown): boolean | undefined {
  if (TRUE_SET.has(value)) return true;
  return FALSE_SET.has(value) ? false : undefined;
}

/** compat: in queries Nova takes more words for a boolean than in bodies. */
export function booleanInQuery(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (['t', 'true', 'on', 'y', 'yes', '1'].includes(word)) return true;
  return ['f', 'false', 'off', 'n', 'no', '0'].includes(word) ? false : undefined;
}

/** compat: numbers may come as text. */
export const POSITIVE: Schema = {
  type: ['integer', 'string'],
  pattern: '^[0-9]*$',
  minLength: 1,
  minimum: 1,
  maximum: 0x7fffffff,
};
export const NON_NEGATIVE: Schema = { ...POSITIVE, minimum: 0 };
/** At least one, without a bound. */
export const COUNT: Schema = {
  type: ['integer', 'string'],
  pattern: '^[0-9]*$',
  minLength: 1,
  minimum: 1,
};

export const NAME: Schema = { type: 'string', minLength: 1, maxLength: 255, format: 'name' };
export const DESCRIPTION: Schema = {
  type: ['string', 'null'],
  minLength: 0,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f]*$',
};
export const UUID: Schema = { type: 'string', format: 'uuid' };
export const METADATA: Schema = {
  type: 'object',
  patternProperties: { '^[a-zA-Z0-9-_:. ]{1,255}$': { type: 'string', maxLength: 255 } },
  additionalProperties: false,
};
export const TAG: Schema = { type: 'string', minLength: 1, maxLength: 60, pattern: '^[^,/]*$' };

/** Parameters that may each come several times. */
export function listParams(params: Readonly<Record<string, Schema>>, others: boolean): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(params).map(([name, items]) => [name, { type: 'array', items }]),
    ),
    additionalProperties: others,
  };
}

/** A query without parameters: anything goes until 2.102. */
export const NO_PARAMS = [
  [1, listParams({}, true)],
  [102, listParams({}, false)],
] as const;

/** A host by its name. */
export const FQDN: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  pattern: '^[a-zA-Z0-9-._]*$',
};

/** The parameters of a list that comes in pages. */
export const PAGE_PARAMS = {
  limit: { type: 'string', pattern: '^[0-9]*$', minLength: 1 },
  marker: { type: 'string' },
} as const;
