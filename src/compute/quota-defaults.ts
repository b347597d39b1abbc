/** Limits of a project that has none of its own; -1 is none. */
import { findLimits, setLimits, type Limits } from '#platform/quota/quota.store.ts';
import type { Db } from '#platform/db/tables.ts';
import { findUserLimits } from './quotas/user-quota.store.ts';

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

/** A quota class's limits are kept under this id; those of `default` hold for projects without limits of their own. */
const classId = (name: string) => `class:${name}`;

/** All limits of a class: its own, then the ones above. */
export async function classLimits(
  db: Db,
  name: string,
): Promise<Readonly<Record<QuotaResource, number>>> {
  return { ...QUOTA_DEFAULTS, ...(await findLimits(db, QUOTA_SERVICE, classId(name))) };
}

export async function setClassLimits(db: Db, name: string, limits: Limits): Promise<void> {
  await setLimits(db, QUOTA_SERVICE, classId(name), limits);
}

/** All limits of a project: its own, then those of the default class, then the ones above. */
export async function limitsOf(
  db: Db,
  projectId: string,
): Promise<Readonly<Record<QuotaResource, number>>> {
  const ofClass = await classLimits(db, 'default');
  return { ...ofClass, ...(await findLimits(db, QUOTA_SERVICE, projectId)) };
}

/** The limits of a user within a project: the user's own, then the project's. */
export async function limitsOfUser(
  db: Db,
  projectId: string,
  userId: string,
): Promise<Readonly<Record<QuotaResource, number>>> {
  return { ...(await limitsOf(db, projectId)), ...(await findUserLimits(db, projectId, userId)) };
}
