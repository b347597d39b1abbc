/** `meta_data.json`: what a server is told about itself. Pure. */
import type { JsonObject } from '#base/json.ts';
import { viewDevice, type TaggedDevice } from './devices.ts';
import type { OpenstackVersion } from './versions.ts';

export type MetaDataFacts = {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly projectId: string;
  readonly availabilityZone: string;
  readonly launchIndex: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly keypair: {
    readonly name: string;
    readonly type: string;
    readonly publicKey: string;
  } | null;
  /** Base64 of random bytes, for a guest that has none of its own yet. */
  readonly randomSeed: string;
  readonly devices: readonly TaggedDevice[];
  /** Files below 2.57, by path, as base64. */
  readonly files: readonly { readonly path: string; readonly contents: string }[];
};

/** The domain of a server's own name, as guests are told it. */
const DOMAIN = 'novalocal';

export function fullHostname(hostname: string): string {
  return `${hostname}.${DOMAIN}`;
}

/** As the newest version shows it. */
export function metaData(facts: MetaDataFacts): JsonObject {
  const { keypair } = facts;
  return {
    uuid: facts.id,
    ...(Object.keys(facts.metadata).length > 0 && { meta: facts.metadata }),
    ...(facts.files.length > 0 && {
      files: facts.files.map(({ path }, index) => ({ path, content_path: contentPath(index) })),
    }),
    ...(keypair && {
      public_keys: { [keypair.name]: keypair.publicKey },
      keys: [{ name: keypair.name, type: keypair.type, data: keypair.publicKey }],
    }),
    hostname: fullHostname(facts.hostname),
    name: facts.name,
    launch_index: facts.launchIndex,
    availability_zone: facts.availabilityZone,
    random_seed: facts.randomSeed,
    project_id: facts.projectId,
    devices: facts.devices.map(viewDevice),
    dedicated_cpus: [],
  };
}

/** Where a file of the guest lies below `openstack`. */
export const contentPath = (index: number): string => `/content/${contentName(index)}`;

export const contentName = (index: number): string => String(index).padStart(4, '0');

/** Members that came later than the first version. */
const LATER: readonly (readonly [since: OpenstackVersion, member: string])[] = [
  ['2013-04-04', 'random_seed'],
  ['2015-10-15', 'project_id'],
  ['2016-06-30', 'devices'],
  ['2020-10-14', 'dedicated_cpus'],
];

/** The same as an older version of the format shows it. */
export function metaDataOf(version: OpenstackVersion, newest: JsonObject): JsonObject {
  const absent = new Set(LATER.filter(([since]) => version < since).map(([, member]) => member));
  const shown = Object.entries(newest).filter(([name]) => !absent.has(name));
  if (version >= '2018-08-27') return Object.fromEntries(shown);
  return Object.fromEntries(
    shown.map(([name, value]) => [name, name === 'devices' ? withoutTrust(value) : value]),
  );
}

function withoutTrust(devices: JsonObject[string]): JsonObject[] {
  return (devices as readonly JsonObject[]).map(({ vf_trusted: _later, ...device }) => device);
}
