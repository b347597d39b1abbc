/** Parts that the bodies of making, changing and rebuilding a server share, and how members come and go by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';

export const ADDRESSES = {
  accessIPv4: { type: 'string', format: 'ipv4' },
  accessIPv6: { type: 'string', format: 'ipv6' },
};

export const DISK_CONFIG: Schema = { type: 'string', enum: ['AUTO', 'MANUAL'] };

export const USER_DATA: Schema = {
  oneOf: [{ type: 'string', format: 'base64', maxLength: 65535 }, { type: 'null' }],
};

export const CERTIFICATES: Schema = {
  type: ['array', 'null'],
  minItems: 1,
  maxItems: 50,
  uniqueItems: true,
  items: { type: 'string', minLength: 1 },
};

export const PERSONALITY: Schema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      path: { type: 'string' },
      contents: { type: 'string', format: 'base64' },
    },
    additionalProperties: false,
  },
};

export const hostnameUpTo = (maxLength: number): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  pattern: '^[a-zA-Z0-9-._]*$',
});

/** Members that a body has from a microversion on, by name; null for one that is gone from then on. */
export type MemberChange = readonly [
  from: number,
  members: Readonly<Record<string, Schema | null>>,
];

/** One schema for each range of microversions: `make` gets the members of each. Changes are in order. */
export function schemasByMembers(
  changes: readonly MemberChange[],
  make: (members: Readonly<Record<string, Schema>>, from: number) => Schema,
): SchemaRanges {
  return changes.map(([from], index) => {
    const all = changes.slice(0, index + 1).flatMap(([, members]) => Object.entries(members));
    const present = [...new Map(all)].filter(
      (entry): entry is [string, Schema] => entry[1] !== null,
    );
    return [from, make(Object.fromEntries(present), from)] as const;
  });
}
