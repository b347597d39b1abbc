/** Queries of GET /servers and GET /servers/detail, by microversion. */
import type { Schema, SchemaRanges } from '../http/request-check.ts';
import { listParams } from '../http/schema-parts.ts';

const TEXT: Schema = { type: 'string' };
const REGEX: Schema = { type: 'string', format: 'regex' };
const TIME: Schema = { type: 'string', format: 'date-time' };
const TAGS: Schema = { type: 'string', maxLength: 3100 };

/** Columns by the name that they are sorted by. */
export const SERVER_SORT_COLUMNS = {
  access_ip_v4: 'access_ip_v4',
  access_ip_v6: 'access_ip_v6',
  auto_disk_config: 'disk_config',
  availability_zone: 'availability_zone',
  config_drive: 'config_drive',
  created_at: 'created_at',
  display_description: 'description',
  display_name: 'name',
  host: 'host',
  hostname: 'hostname',
  image_ref: 'image_id',
  instance_type_id: 'flavor_id',
  kernel_id: 'kernel_id',
  key_name: 'key_name',
  launch_index: 'launch_index',
  launched_at: 'launched_at',
  locked_by: 'locked_by',
  node: 'host',
  power_state: 'power_state',
  progress: 'created_at',
  project_id: 'project_id',
  ramdisk_id: 'ramdisk_id',
  root_device_name: 'created_at',
  task_state: 'task_state',
  terminated_at: 'terminated_at',
  updated_at: 'updated_at',
  user_id: 'user_id',
  uuid: 'id',
  vm_state: 'vm_state',
} as const;

const SORT_KEY: Schema = { type: 'string', enum: Object.keys(SERVER_SORT_COLUMNS) };
const SORT_DIR: Schema = { type: 'string' };

const PARAMS: Readonly<Record<string, Schema>> = {
  user_id: TEXT,
  project_id: TEXT,
  tenant_id: TEXT,
  launch_index: TEXT,
  image_ref: TEXT,
  image: TEXT,
  kernel_id: REGEX,
  ramdisk_id: REGEX,
  hostname: REGEX,
  key_name: REGEX,
  instance_type_id: REGEX,
  flavor: TEXT,
  reservation_id: REGEX,
  launched_at: REGEX,
  terminated_at: REGEX,
  availability_zone: REGEX,
  name: REGEX,
  display_name: REGEX,
  description: REGEX,
  display_description: REGEX,
  ip: REGEX,
  access_ip_v4: REGEX,
  ip6: REGEX,
  access_ip_v6: REGEX,
  uuid: REGEX,
  root_device_name: REGEX,
  config_drive: REGEX,
  progress: REGEX,
  power_state: REGEX,
  vm_state: REGEX,
  task_state: REGEX,
  host: TEXT,
  node: REGEX,
  locked_by: REGEX,
  metadata: REGEX,
  system_metadata: REGEX,
  created_at: REGEX,
  auto_disk_config: REGEX,
  status: TEXT,
  'changes-since': TIME,
  all_tenants: TEXT,
  deleted: TEXT,
  marker: TEXT,
  limit: { type: 'string', pattern: '^[0-9]*$' },
  sort_key: SORT_KEY,
  sort_dir: SORT_DIR,
  soft_deleted: TEXT,
};
const SINCE_26 = {
  ...PARAMS,
  tags: TAGS,
  'tags-any': TAGS,
  'not-tags': TAGS,
  'not-tags-any': TAGS,
};
const SINCE_66 = { ...SINCE_26, 'changes-before': TIME };
const SINCE_73 = { ...SINCE_66, locked: TEXT };

export const SERVER_QUERY: SchemaRanges = [
  [1, listParams(PARAMS, true)],
  [26, listParams(SINCE_26, true)],
  [66, listParams(SINCE_66, true)],
  [73, listParams(SINCE_73, true)],
  [75, listParams(SINCE_73, false)],
];
