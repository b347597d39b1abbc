/** The body of the action `rebuild` as it travels, by microversion. */
import type { SchemaRanges } from '../http/request-check.ts';
import { BOOLEAN, DESCRIPTION, METADATA, NAME, UUID } from '../http/schema-parts.ts';
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

export type ServerRebuildBody = {
  readonly rebuild: {
    readonly imageRef: string;
    readonly name?: string;
    readonly adminPass?: string;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly preserve_ephemeral?: unknown;
    readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
    readonly accessIPv4?: string;
    readonly accessIPv6?: string;
    readonly personality?: readonly { readonly path: string; readonly contents: string }[];
    readonly description?: string | null;
    readonly key_name?: string | null;
    readonly user_data?: string | null;
    readonly trusted_image_certificates?: readonly string[] | null;
    readonly hostname?: string;
  };
};

const CHANGES: readonly MemberChange[] = [
  [
    1,
    {
      name: NAME,
      imageRef: UUID,
      adminPass: { type: 'string' },
      metadata: METADATA,
      preserve_ephemeral: BOOLEAN,
      'OS-DCF:diskConfig': DISK_CONFIG,
      ...ADDRESSES,
      personality: PERSONALITY,
    },
  ],
  [19, { description: DESCRIPTION }],
  [54, { key_name: { oneOf: [NAME, { type: 'null' }] } }],
  [57, { personality: null, user_data: USER_DATA }],
  [63, { trusted_image_certificates: CERTIFICATES }],
  [90, { hostname: hostnameUpTo(63) }],
  [94, { hostname: hostnameUpTo(255) }],
];

export const SERVER_REBUILD: SchemaRanges = schemasByMembers(CHANGES, (properties) => {
  const required = ['imageRef'];
  return {
    type: 'object',
    properties: { rebuild: { type: 'object', properties, required, additionalProperties: false } },
    required: ['rebuild'],
    additionalProperties: false,
  };
});
