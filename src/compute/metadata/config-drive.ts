/** The files of a config drive. Pure: the same facts give the same files. */
import { isUtf8 } from 'node:buffer';
import type { ConfigDriveFiles } from '#base/host/domain.ts';
import {
  contentFile,
  fromBase64,
  openstackFile,
  openstackNames,
  type MetadataContent,
} from './content.ts';
import { ec2DataOf } from './ec2-data.ts';
import { contentName } from './meta-data.ts';
import { ec2Version, OPENSTACK_VERSIONS, openstackVersion } from './versions.ts';

type FileContent = ConfigDriveFiles[string];

/** compat: as Nova's `config_drive_skip_versions` has it, the older ones are left out. */
const EC2_NAMES = ['2009-04-04', 'latest'];

/** Files by path, as `DomainSpec.configDrive` wants them. */
export function configDriveFiles(content: MetadataContent): ConfigDriveFiles {
  const files: Record<string, FileContent> = {};
  const put = (path: string, file: { readonly bytes: Buffer } | undefined) => {
    if (file) files[path] = asText(file.bytes);
  };
  for (const name of [...OPENSTACK_VERSIONS, 'latest']) {
    const version = openstackVersion(name);
    for (const file of version ? openstackNames(version, content) : []) {
      put(`openstack/${name}/${file}`, openstackFile(content, name, file));
    }
  }
  for (const [index] of content.files.entries()) {
    put(`openstack/content/${contentName(index)}`, contentFile(content, contentName(index)));
  }
  for (const name of EC2_NAMES) {
    const version = ec2Version(name);
    if (version) files[`ec2/${name}/meta-data.json`] = ec2Json(ec2DataOf(version, content.ec2));
    if (content.userData !== null) put(`ec2/${name}/user-data`, fromBase64(content.userData));
  }
  return files;
}

/** compat: on the drive, a key's name is not shown beside it. */
function ec2Json(data: MetadataContent['ec2']): string {
  return JSON.stringify(data, (name, value: unknown) => (name === '_name' ? undefined : value));
}

/** As text where it is text, which is shorter and can be read; any other bytes as they came. */
function asText(bytes: Buffer): FileContent {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') };
}
