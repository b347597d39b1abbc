/** Quotas as they travel: one limit a resource. */
import { defineResource, type Reader } from '../attributes/attribute.ts';
import { integer, integerBetween } from '../attributes/readers.ts';
import { QUOTA_RESOURCES } from './quota-resources.ts';

/** A number of resources; -1 for no limit. */
const limit: Reader<number> = (sent, name) =>
  integerBetween(-1, 2_147_483_647)(integer(sent, name), name);

export const QUOTA = defineResource(
  'quota',
  'quotas',
  Object.fromEntries(QUOTA_RESOURCES.map((resource) => [resource, { read: limit, put: true }])),
);
