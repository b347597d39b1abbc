/** The names under which `/limits` shows quotas and what is used of them. Pure. */
import type { QuotaResource } from '../quota-defaults.ts';

type Name = {
  readonly shown: string;
  readonly quota: QuotaResource;
  /** The microversion that took it away. */
  readonly until?: number;
};

const MAXIMA: readonly Name[] = [
  { shown: 'maxTotalInstances', quota: 'instances' },
  { shown: 'maxTotalCores', quota: 'cores' },
  { shown: 'maxTotalRAMSize', quota: 'ram' },
  { shown: 'maxServerMeta', quota: 'metadata_items' },
  { shown: 'maxImageMeta', quota: 'metadata_items', until: 39 },
  { shown: 'maxPersonality', quota: 'injected_files', until: 57 },
  { shown: 'maxPersonalitySize', quota: 'injected_file_content_bytes', until: 57 },
  { shown: 'maxTotalKeypairs', quota: 'key_pairs' },
  { shown: 'maxServerGroups', quota: 'server_groups' },
  { shown: 'maxServerGroupMembers', quota: 'server_group_members' },
  { shown: 'maxTotalFloatingIps', quota: 'floating_ips', until: 36 },
  { shown: 'maxSecurityGroups', quota: 'security_groups', until: 36 },
  { shown: 'maxSecurityGroupRules', quota: 'security_group_rules', until: 36 },
];

const USED: readonly Name[] = [
  { shown: 'totalRAMUsed', quota: 'ram' },
  { shown: 'totalCoresUsed', quota: 'cores' },
  { shown: 'totalInstancesUsed', quota: 'instances' },
  { shown: 'totalFloatingIpsUsed', quota: 'floating_ips', until: 36 },
  { shown: 'totalSecurityGroupsUsed', quota: 'security_groups', until: 36 },
  { shown: 'totalServerGroupsUsed', quota: 'server_groups' },
];

/** `used` may leave out what is not counted. */
export function absoluteLimits(
  minor: number,
  limits: Readonly<Record<QuotaResource, number>>,
  used: Partial<Record<QuotaResource, number>>,
): Readonly<Record<string, number>> {
  const served = ({ until }: Name) => until === undefined || minor < until;
  return Object.fromEntries([
    ...MAXIMA.filter(served).map(({ shown, quota }) => [shown, limits[quota]] as const),
    ...USED.filter(served).map(({ shown, quota }) => [shown, used[quota] ?? 0] as const),
  ]);
}
