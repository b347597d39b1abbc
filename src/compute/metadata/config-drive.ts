/** The files of a config drive. Pure: the same facts give the same files. */
import { isUtf8 } from 'node:buffer';
import type { ConfigDriveFiles } from '#base/host/domain.ts';
import type { JsonObject } from '#base/json.ts';
import { contentPath, metaDataOf } from './meta-data.ts';

/** The formats that Nova has had, oldest first. */
export const METADATA_VERSIONS = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
  '2020-10-14',
  'latest',
] as const;

type FileContent = ConfigDriveFiles[string];

const EC2_VERSIONS = ['2009-04-04', 'latest'] as const;

export type DriveContent = {
  readonly metaData: JsonObject;
  readonly networkData: JsonObject;
  /** As it was given: base64. */
  readonly userData: string | null;
  readonly files: readonly { readonly path: string; readonly contents: string }[];
};

/** Files by path, as `DomainSpec.configDrive` wants them. */
export function configDriveFiles(content: DriveContent): ConfigDriveFiles {
  const files: Record<string, FileContent> = {};
  const userData = content.userData === null ? null : fileOf(content.userData);
  const networkData = JSON.stringify(content.networkData);
  for (const version of METADATA_VERSIONS) {
    const dir = `openstack/${version}`;
    files[`${dir}/meta_data.json`] = JSON.stringify(metaDataOf(version, content.metaData));
    if (userData !== null) files[`${dir}/user_data`] = userData;
    if (version >= '2013-10-17') files[`${dir}/vendor_data.json`] = '{}';
    if (version >= '2015-10-15') files[`${dir}/network_data.json`] = networkData;
    if (version >= '2016-10-06') files[`${dir}/vendor_data2.json`] = '{"static": {}}';
  }
  for (const [index, { contents }] of content.files.entries()) {
    files[`openstack${contentPath(index)}`] = fileOf(contents);
  }
  const ec2 = JSON.stringify(ec2MetaData(content.metaData));
  for (const version of EC2_VERSIONS) {
    files[`ec2/${version}/meta-data.json`] = ec2;
    if (userData !== null) files[`ec2/${version}/user-data`] = userData;
  }
  return files;
}

/** The older tree, which Amazon's guests know. */
export function ec2MetaData(metaData: JsonObject): JsonObject {
  const keys = metaData['public_keys'];
  const names = keys === undefined ? [] : Object.keys(keys as object);
  return {
    'ami-launch-index': metaData['launch_index'],
    hostname: metaData['hostname'],
    'local-hostname': metaData['hostname'],
    'instance-id': metaData['uuid'],
    placement: { 'availability-zone': metaData['availability_zone'] },
    ...(names.length > 0 && { 'public-keys': { '0': { _name: `0=${names[0]}` } } }),
    'reservation-id': metaData['reservation_id'] ?? '',
  };
}

/** As text where it is text, which is shorter and can be read; any other bytes as they came. */
function fileOf(base64: string): FileContent {
  const bytes = Buffer.from(base64, 'base64');
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') };
}
