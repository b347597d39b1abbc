/** Flavors as they travel: what may be sent, by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import {
  BOOLEAN,
  DESCRIPTION,
  listParams,
  NAME,
  NON_NEGATIVE,
  POSITIVE,
} from '../http/schema-parts.ts';

export type FlavorCreateBody = {
  readonly flavor: {
    readonly name: string;
    readonly id?: string | number | null;
    readonly ram: number | string;
    readonly vcpus: number | string;
    readonly disk: number | string;
    readonly swap?: number | string;
    readonly rxtx_factor?: number | string;
    readonly 'OS-FLV-EXT-DATA:ephemeral'?: number | string;
    readonly 'os-flavor-access:is_public'?: boolean | string;
    readonly description?: string | null;
  };
};

const CREATE_MEMBERS = {
  name: NAME,
  id: {
    type: ['string', 'number', 'null'],
    minLength: 1,
    maxLength: 255,
    pattern: '^(?! )[a-zA-Z0-9. _-]+(?<! )$',
  },
  ram: POSITIVE,
  vcpus: POSITIVE,
  disk: NON_NEGATIVE,
  'OS-FLV-EXT-DATA:ephemeral': NON_NEGATIVE,
  swap: NON_NEGATIVE,
  rxtx_factor: {
    type: ['number', 'string'],
    pattern: '^[0-9]+(\\.[0-9]+)?$',
    exclusiveMinimum: 0,
    maximum: 3.40282e38,
  },
  'os-flavor-access:is_public': BOOLEAN,
};

function createSchema(members: object): Schema {
  return {
    type: 'object',
    properties: {
      flavor: {
        type: 'object',
        properties: members,
        required: ['name', 'ram', 'vcpus', 'disk'],
        additionalProperties: false,
      },
    },
    required: ['flavor'],
    additionalProperties: false,
  };
}

export const FLAVOR_CREATE: SchemaRanges = [
  [1, createSchema(CREATE_MEMBERS)],
  [55, createSchema({ ...CREATE_MEMBERS, description: DESCRIPTION })],
];

export const FLAVOR_UPDATE: Schema = {
  type: 'object',
  properties: {
    flavor: {
      type: 'object',
      properties: { description: DESCRIPTION },
      required: ['description'],
      additionalProperties: false,
    },
  },
  required: ['flavor'],
  additionalProperties: false,
};

const SPECS = {
  type: 'object',
  patternProperties: {
    '^[a-zA-Z0-9-_:. ]{1,255}$': { type: ['string', 'number'], maxLength: 255 },
  },
  additionalProperties: false,
};

export const EXTRA_SPECS_CREATE: Schema = {
  type: 'object',
  properties: { extra_specs: SPECS },
  required: ['extra_specs'],
  additionalProperties: false,
};

export const EXTRA_SPEC_UPDATE: Schema = { ...SPECS, minProperties: 1, maxProperties: 1 };

const TENANT = {
  type: 'object',
  properties: { tenant: { type: 'string', minLength: 1, maxLength: 255 } },
  required: ['tenant'],
  additionalProperties: false,
};
export const ADD_ACCESS: Schema = {
  type: 'object',
  properties: { addTenantAccess: TENANT },
  required: ['addTenantAccess'],
};
export const REMOVE_ACCESS: Schema = {
  type: 'object',
  properties: { removeTenantAccess: TENANT },
  required: ['removeTenantAccess'],
};

const LIST_PARAMS = {
  limit: { type: 'string', pattern: '^[0-9]*$' },
  marker: { type: 'string' },
  is_public: { type: 'string' },
  minRam: { type: 'string' },
  minDisk: { type: 'string' },
  sort_key: {
    type: 'string',
    enum: [
      'created_at',
      'description',
      'disabled',
      'ephemeral_gb',
      'flavorid',
      'id',
      'is_public',
      'memory_mb',
      'name',
      'root_gb',
      'rxtx_factor',
      'swap',
      'updated_at',
      'vcpu_weight',
      'vcpus',
    ],
  },
  sort_dir: { type: 'string', enum: ['asc', 'desc'] },
};
export const FLAVOR_QUERY: SchemaRanges = [
  [1, listParams(LIST_PARAMS, true)],
  [75, listParams(LIST_PARAMS, false)],
  [102, listParams({ ...LIST_PARAMS, name: { type: 'string' } }, false)],
];
