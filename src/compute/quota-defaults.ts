/** Limits of a project that has none of its own; -1 is none. */
import { findLimits, type Limits } from '#platform/quota/quota.store.ts';
import type { Db } from '#platform/db/tables.ts';

/** The name under which the compute service's limits are kept. */
export const QUOTA_SERVICE = 'compute';

export const QUOTA_DEFAULTS = {
  instances: 10,
  cores: 20,
  ram: 51200,
  metadata_items: 128,
  injected_files: 5,
  injected_file_content_bytes: 10240,
  injected_file_path_bytes: 255,
  key_pairs: 100,
  server_groups: 10,
  server_group_members: 10,
  floating_ips: -1,
  fixed_ips: -1,
  security_groups: -1,
  security_group_rules: -1,
} as const satisfies Limits;

export type QuotaResource = keyof typeof QUOTA_DEFAULTS;

/** A quota class's limits are kept under this id, and hold for every project without limits of its own. */
export const QUOTA_CLASS_DEFAULT = 'class:default';

/** All limits of a project: its own, then those of the default class, then the ones above. */
export async function limitsOf(
  db: Db,
  projectId: string,
): Promise<Readonly<Record<QuotaResource, number>>> {
  const ofClass = await findLimits(db, QUOTA_SERVICE, QUOTA_CLASS_DEFAULT);
  const own = await findLimits(db, QUOTA_SERVICE, projectId);
  return { ...QUOTA_DEFAULTS, ...ofClass, ...own };
}
