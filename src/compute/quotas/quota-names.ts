/** Which quotas a microversion knows. */
import { QUOTA_DEFAULTS, type QuotaResource } from '../quota-defaults.ts';

/** No limit is higher. */
export const MOST = 0x7fffffff;

/** In the order in which Nova shows them. */
const ALL = (Object.keys(QUOTA_DEFAULTS) as QuotaResource[]).sort();

const NETWORK: ReadonlySet<QuotaResource> = new Set([
  'fixed_ips',
  'floating_ips',
  'security_group_rules',
  'security_groups',
]);
const FILES: ReadonlySet<QuotaResource> = new Set([
  'injected_files',
  'injected_file_content_bytes',
  'injected_file_path_bytes',
]);
const GROUPS: ReadonlySet<QuotaResource> = new Set(['server_groups', 'server_group_members']);

/** Quota sets lost the network's quotas in 2.36, and those of files in 2.57. */
export function quotasOfSet(minor: number): readonly QuotaResource[] {
  return ALL.filter(
    (name) => !(minor >= 36 && NETWORK.has(name)) && !(minor >= 57 && FILES.has(name)),
  );
}

/** Quota classes got server groups and lost the network's quotas in 2.50. */
export function quotasOfClass(minor: number): readonly QuotaResource[] {
  return ALL.filter(
    (name) =>
      !(minor >= 50 && NETWORK.has(name)) &&
      !(minor >= 57 && FILES.has(name)) &&
      !(minor < 50 && GROUPS.has(name)),
  );
}
