/** POST /servers as it travels: one schema for each range of microversions. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { BOOLEAN, COUNT, DESCRIPTION, METADATA, NAME, TAG, UUID } from '../http/schema-parts.ts';

import {
  ADDRESSES,
  CERTIFICATES,
  DISK_CONFIG,
  hostnameUpTo,
  PERSONALITY,
  schemasByMembers,
  USER_DATA,
  type MemberChange,
} from './server-parts.schema.ts';

/** One item of `networks` as it travels. */
export type NetworkItem = {
  readonly uuid?: string;
  readonly port?: string | null;
  readonly fixed_ip?: string;
  readonly tag?: string;
};

export type ServerCreateBody = {
  readonly server: {
    readonly name: string;
    readonly flavorRef: string | number;
    readonly imageRef?: string;
    readonly adminPass?: string;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly networks?: readonly NetworkItem[] | 'auto' | 'none';
    readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
    readonly accessIPv4?: string;
    readonly accessIPv6?: string;
    readonly personality?: readonly { readonly path: string; readonly contents: string }[];
    readonly availability_zone?: string;
    readonly block_device_mapping?: readonly object[];
    readonly block_device_mapping_v2?: readonly BlockDevice[];
    readonly config_drive?: boolean | string | null;
    readonly key_name?: string;
    readonly min_count?: number | string;
    readonly max_count?: number | string;
    readonly return_reservation_id?: boolean | string;
    readonly security_groups?: readonly { readonly name: string }[];
    readonly user_data?: string | null;
    readonly description?: string | null;
    readonly tags?: readonly string[];
    readonly trusted_image_certificates?: readonly string[] | null;
    readonly host?: string;
    readonly hypervisor_hostname?: string;
    readonly hostname?: string;
  };
  readonly 'os:scheduler_hints'?: SchedulerHints;
  readonly 'OS-SCH-HNT:scheduler_hints'?: SchedulerHints;
};

export type SchedulerHints = Readonly<Record<string, unknown>> & {
  readonly group?: string;
  readonly different_host?: string | readonly string[];
  readonly same_host?: string | readonly string[];
};

export type BlockDevice = {
  readonly boot_index?: number | string | null;
  readonly uuid?: string;
  readonly source_type?: 'volume' | 'image' | 'snapshot' | 'blank';
  readonly destination_type?: 'local' | 'volume';
  readonly tag?: string;
};

const FIXED_IP = { type: 'string', oneOf: [{ format: 'ipv4' }, { format: 'ipv6' }] };

function networkItem(uuid: Schema, more: object = {}): Schema {
  return {
    type: 'object',
    properties: {
      fixed_ip: FIXED_IP,
      port: { oneOf: [UUID, { type: 'null' }] },
      uuid,
      ...more,
    },
    additionalProperties: false,
  };
}

const list = (items: Schema) => ({ type: 'array', items });
const orWord = (items: Schema): Schema => ({
  oneOf: [list(items), { type: 'string', enum: ['none', 'auto'] }],
});

const BLOCK_DEVICE = {
  volume_size: COUNT,
  boot_index: { type: ['string', 'integer', 'null'], pattern: '^-?[0-9]+$', minLength: 1 },
  delete_on_termination: BOOLEAN,
  destination_type: { type: 'string', enum: ['local', 'volume'] },
  device_name: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9._/-]*$' },
  device_type: { type: ['string', 'null'], maxLength: 255 },
  disk_bus: { type: ['string', 'null'], maxLength: 255 },
  guest_format: { type: ['string', 'null'], maxLength: 255 },
  no_device: BOOLEAN,
  snapshot_id: { oneOf: [UUID, { type: 'string', maxLength: 0 }] },
  source_type: { type: 'string', enum: ['volume', 'image', 'snapshot', 'blank'] },
  uuid: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[a-zA-Z0-9._-]*$' },
  volume_id: UUID,
};
const blockDevices = (more: object = {}) =>
  list({
    type: 'object',
    properties: { ...BLOCK_DEVICE, ...more },
    additionalProperties: false,
  });

const HOST_NAME = hostnameUpTo(255);

const MEMBERS = {
  name: NAME,
  imageRef: { oneOf: [UUID, { type: 'string', maxLength: 0 }] },
  flavorRef: { type: ['string', 'integer'], minLength: 1 },
  adminPass: { type: 'string' },
  metadata: METADATA,
  'OS-DCF:diskConfig': DISK_CONFIG,
  ...ADDRESSES,
  availability_zone: NAME,
  block_device_mapping: list({ type: 'object' }),
  config_drive: { anyOf: [BOOLEAN, { type: 'null' }] },
  key_name: NAME,
  min_count: COUNT,
  max_count: COUNT,
  return_reservation_id: BOOLEAN,
  security_groups: list({
    type: 'object',
    properties: { name: { type: 'string', minLength: 1, maxLength: 255 } },
    additionalProperties: false,
  }),
  user_data: USER_DATA,
};

const HINT_SERVERS = { oneOf: [UUID, { type: 'array', items: UUID, uniqueItems: true }] };
const HINTS = {
  type: 'object',
  properties: {
    group: UUID,
    different_host: HINT_SERVERS,
    same_host: HINT_SERVERS,
    query: { type: ['string', 'object'] },
    target_cell: NAME,
    different_cell: { type: ['string', 'array'] },
    build_near_host_ip: { type: 'string' },
    cidr: { type: 'string', pattern: '^/[0-9a-f.:]+$' },
  },
  additionalProperties: true,
};

const CHANGES: readonly MemberChange[] = [
  [
    1,
    {
      ...MEMBERS,
      networks: list(networkItem({ type: 'string' })),
      personality: PERSONALITY,
      block_device_mapping_v2: blockDevices(),
    },
  ],
  [19, { description: DESCRIPTION }],
  [
    32,
    {
      networks: list(networkItem({ type: 'string' }, { tag: TAG })),
      block_device_mapping_v2: blockDevices({ tag: TAG }),
    },
  ],
  // compat: lost by accident in 2.33, and back in 2.42.
  [33, { block_device_mapping_v2: blockDevices() }],
  [37, { networks: orWord(networkItem(UUID)) }],
  [
    42,
    {
      networks: orWord(networkItem(UUID, { tag: TAG })),
      block_device_mapping_v2: blockDevices({ tag: TAG }),
    },
  ],
  [52, { tags: { type: 'array', items: TAG, maxItems: 50 } }],
  [57, { personality: null }],
  [63, { trusted_image_certificates: CERTIFICATES }],
  [67, { block_device_mapping_v2: blockDevices({ tag: TAG, volume_type: NAME }) }],
  [74, { host: HOST_NAME, hypervisor_hostname: HOST_NAME }],
  [90, { hostname: hostnameUpTo(63) }],
  [94, { hostname: hostnameUpTo(255) }],
];

export const SERVER_CREATE: SchemaRanges = schemasByMembers(CHANGES, (properties, from) => {
  const required = from >= 37 ? ['name', 'flavorRef', 'networks'] : ['name', 'flavorRef'];
  return {
    type: 'object',
    properties: {
      server: { type: 'object', properties, required, additionalProperties: false },
      'os:scheduler_hints': HINTS,
      'OS-SCH-HNT:scheduler_hints': HINTS,
    },
    required: ['server'],
    additionalProperties: false,
  };
});
