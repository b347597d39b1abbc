/** `meta_data.json`: what a server is told about itself. Pure. */
import type { JsonObject } from '#base/json.ts';

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
  /** Cards that were tagged, by slot. */
  readonly devices: readonly {
    readonly slot: number;
    readonly mac: string;
    readonly tag: string;
  }[];
  /** Files below 2.57, by path, as base64. */
  readonly files: readonly { readonly path: string; readonly contents: string }[];
};

/** The PCI address at which a guest finds the card of a slot: behind the slot's own root port. */
export type PciAddressOf = (slot: number) => string;

/** As the newest version shows it. */
export function metaData(facts: MetaDataFacts, pciAddressOf: PciAddressOf): JsonObject {
  const { keypair } = facts;
  return {
    uuid: facts.id,
    ...(keypair && {
      public_keys: { [keypair.name]: keypair.publicKey },
      keys: [{ name: keypair.name, type: keypair.type, data: keypair.publicKey }],
    }),
    ...(Object.keys(facts.metadata).length > 0 && { meta: facts.metadata }),
    ...(facts.files.length > 0 && {
      files: facts.files.map(({ path }, index) => ({ path, content_path: contentPath(index) })),
    }),
    hostname: `${facts.hostname}.novalocal`,
    name: facts.name,
    launch_index: facts.launchIndex,
    availability_zone: facts.availabilityZone,
    random_seed: facts.randomSeed,
    project_id: facts.projectId,
    devices: facts.devices.map(({ slot, mac, tag }) => ({
      vf_trusted: false,
      type: 'nic',
      mac,
      bus: 'pci',
      address: pciAddressOf(slot),
      tags: [tag],
    })),
    dedicated_cpus: [],
  };
}

/** Where a file of the guest lies on the drive. */
export const contentPath = (index: number): string => `/content/${String(index).padStart(4, '0')}`;

/** Members that came later than a version of the format. */
const LATER: readonly (readonly [version: string, member: string])[] = [
  ['2013-04-04', 'random_seed'],
  ['2015-10-15', 'project_id'],
  ['2016-06-30', 'devices'],
  ['2020-10-14', 'dedicated_cpus'],
];

/** The same as an older version of the format shows it. */
export function metaDataOf(version: string, latest: JsonObject): JsonObject {
  if (version === 'latest') return latest;
  const absent = new Set(LATER.filter(([since]) => version < since).map(([, member]) => member));
  if (version < '2018-08-27' && Array.isArray(latest['devices'])) {
    const devices = (latest['devices'] as readonly JsonObject[]).map(
      ({ vf_trusted: _later, ...device }) => device,
    );
    return pick({ ...latest, devices }, absent);
  }
  return pick(latest, absent);
}

function pick(members: JsonObject, absent: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !absent.has(name)));
}
