/**
 * All that one server is told, file by file, for the metadata service and the config drive alike. Pure: the same facts
 * give the same files.
 */
import type { Json, JsonObject } from '#base/json.ts';
import { contentName, metaDataOf } from './meta-data.ts';
import { openstackVersion, type OpenstackVersion } from './versions.ts';

export type MetadataContent = {
  /** As the newest version of OpenStack's format shows it. */
  readonly metaData: JsonObject;
  /** What lies in EC2's `meta-data`, as the newest version shows it. */
  readonly ec2: JsonObject;
  readonly networkData: JsonObject;
  /** What the operator tells every server. */
  readonly vendorData: Json;
  /** As it was given: base64. */
  readonly userData: string | null;
  /** Files for the guest, below 2.57. */
  readonly files: readonly { readonly path: string; readonly contents: string }[];
};

/** A file as a guest reads it. */
export type MetadataFile = { readonly type: 'text' | 'json'; readonly bytes: Buffer };

/** Which files there are, the version that brought each, and what is in it. In the order of Nova's listing. */
const FILES: readonly {
  readonly name: string;
  readonly since: OpenstackVersion;
  readonly read: (content: MetadataContent, version: OpenstackVersion) => MetadataFile | undefined;
}[] = [
  {
    name: 'meta_data.json',
    since: '2012-08-10',
    read: ({ metaData }, version) => json(metaDataOf(version, metaData)),
  },
  {
    name: 'user_data',
    since: '2012-08-10',
    read: ({ userData }) => (userData === null ? undefined : fromBase64(userData)),
  },
  {
    name: 'vendor_data.json',
    since: '2013-10-17',
    read: ({ vendorData }) => json(vendorData),
  },
  {
    name: 'network_data.json',
    since: '2015-10-15',
    // compat: Nova calls this one plain text.
    read: ({ networkData }) => ({ ...json(networkData), type: 'text' }),
  },
  {
    name: 'vendor_data2.json',
    since: '2016-10-06',
    read: ({ vendorData }) => json({ static: vendorData }),
  },
];

/** The names of the files that a version has. */
export function openstackNames(version: OpenstackVersion, content: MetadataContent): string[] {
  return FILES.filter(
    ({ name, since }) => since <= version && (name !== 'user_data' || content.userData !== null),
  ).map(({ name }) => name);
}

/** A file of a version; undefined when that version does not have it, or the server has nothing to put in it. */
export function openstackFile(
  content: MetadataContent,
  versionName: string,
  fileName: string,
): MetadataFile | undefined {
  const version = openstackVersion(versionName);
  const file = FILES.find(({ name }) => name === fileName);
  if (!version || !file || version < file.since) return undefined;
  return file.read(content, version);
}

/** One of the files for the guest, by the name that `meta_data.json` says. */
export function contentFile(content: MetadataContent, name: string): MetadataFile | undefined {
  const index = content.files.findIndex((_file, at) => contentName(at) === name);
  const file = content.files[index];
  return file && fromBase64(file.contents);
}

function json(value: Json): MetadataFile {
  return { type: 'json', bytes: Buffer.from(JSON.stringify(value)) };
}

export function fromBase64(text: string): MetadataFile {
  return { type: 'text', bytes: Buffer.from(text, 'base64') };
}
