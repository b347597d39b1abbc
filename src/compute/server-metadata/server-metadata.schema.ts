/** /servers/{id}/metadata as it travels. */
import type { Schema } from '../http/request-check.ts';
import { METADATA } from '../http/schema-parts.ts';

export const METADATA_BODY: Schema = {
  type: 'object',
  properties: { metadata: METADATA },
  required: ['metadata'],
  additionalProperties: false,
};

export const METADATA_ITEM: Schema = {
  type: 'object',
  properties: { meta: { ...METADATA, minProperties: 1, maxProperties: 1 } },
  required: ['meta'],
  additionalProperties: false,
};
