/** What the row of a server holds, and how its JSON columns are read. */
import type { ConfigDriveFormat, DomainSpec, ImageRef } from '#base/host/domain.ts';
import type { Json, JsonObject } from '#base/json.ts';
import type { ServersTable } from '#platform/db/tables/compute.ts';
import type { DiskTags } from '../metadata/devices.ts';

export type ServerRow = ServersTable;

/** The flavor as it was when the server was made. */
export type FlavorSnapshot = {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ram: number;
  readonly disk: number;
  readonly ephemeral: number;
  readonly swap: number;
  readonly extraSpecs: Readonly<Record<string, string>>;
};

/** What a server boots from, and what the config drive tells it. Written when it is built or rebuilt. */
export type BootFacts = {
  readonly disk: ImageRef;
  readonly kernel: { readonly image: ImageRef; readonly commandLine: string } | null;
  readonly ramdisk: ImageRef | null;
  readonly drive: DriveFacts | null;
  /** How often its disks were made anew; absent before the first time. */
  readonly rebuild?: DomainSpec['rebuild'];
};

/** What the drive tells that may have changed since. A drive made before there was a metadata service tells less. */
export type DriveFacts = {
  readonly metaData: JsonObject;
  readonly networkData: JsonObject;
  readonly ec2?: JsonObject;
  readonly vendorData?: Json;
  /** ISO 9660 when it is not said. */
  readonly format?: ConfigDriveFormat;
};

export type ServerFault = {
  readonly code: number;
  readonly message: string;
  /** Shown to admins only. */
  readonly details: string;
  readonly created: string;
};

export type KeypairSnapshot = {
  readonly name: string;
  readonly type: string;
  readonly publicKey: string;
};

/** Columns that change after the server was made. */
export type ServerChange = Partial<Omit<ServerRow, 'id' | 'number' | 'project_id' | 'created_at'>>;

export type Usage = { readonly instances: number; readonly cores: number; readonly ram: number };

export const flavorOf = (row: ServerRow): FlavorSnapshot =>
  JSON.parse(row.flavor) as FlavorSnapshot;
export const bootOf = (row: ServerRow): BootFacts | null =>
  row.boot === null ? null : (JSON.parse(row.boot) as BootFacts);
export const metadataOf = (row: ServerRow): Record<string, string> =>
  JSON.parse(row.metadata) as Record<string, string>;
export const keypairOf = (row: ServerRow): KeypairSnapshot | null =>
  row.keypair === null ? null : (JSON.parse(row.keypair) as KeypairSnapshot);
export const diskTagsOf = (row: Pick<ServerRow, 'disk_tags'>): DiskTags =>
  JSON.parse(row.disk_tags) as DiskTags;
export const personalityOf = (
  row: Pick<ServerRow, 'personality'>,
): readonly { readonly path: string; readonly contents: string }[] =>
  JSON.parse(row.personality) as { path: string; contents: string }[];
export const faultOf = (row: ServerRow): ServerFault | null =>
  row.fault === null ? null : (JSON.parse(row.fault) as ServerFault);
export const imagePropertiesOf = (row: ServerRow): Record<string, string | null> =>
  JSON.parse(row.image_properties) as Record<string, string | null>;

/** Tags as they are stored: `,a,b,`. */
export const joinTags = (tags: readonly string[]): string => {
  const sorted = [...new Set(tags)].sort();
  return sorted.length === 0 ? ',' : `,${sorted.join(',')},`;
};
export const tagsOf = (row: Pick<ServerRow, 'tags'>): string[] =>
  row.tags.split(',').filter((tag) => tag !== '');

/** The name that people see in a list of processes. */
export const instanceName = (row: Pick<ServerRow, 'number'>): string =>
  `instance-${row.number.toString(16).padStart(8, '0')}`;
