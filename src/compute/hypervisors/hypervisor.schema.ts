/** What may be asked of hypervisors, by microversion. */
import type { SchemaRanges } from '../http/request-check.ts';
import { BOOLEAN, FQDN, listParams, PAGE_PARAMS } from '../http/schema-parts.ts';

/** From 2.53 on each parameter may come once. */
const once = (items: object) => ({ type: 'array', items, maxItems: 1 });

export const HYPERVISOR_LIST_QUERY: SchemaRanges = [
  [1, listParams({}, true)],
  [33, listParams(PAGE_PARAMS, true)],
  [
    53,
    {
      type: 'object',
      properties: {
        limit: once(PAGE_PARAMS.limit),
        marker: once(PAGE_PARAMS.marker),
        hypervisor_hostname_pattern: once(FQDN),
        with_servers: once(BOOLEAN),
      },
      additionalProperties: false,
    },
  ],
];

export const HYPERVISOR_QUERY: SchemaRanges = [
  [1, listParams({}, true)],
  [
    53,
    { type: 'object', properties: { with_servers: once(BOOLEAN) }, additionalProperties: false },
  ],
];
