/** The resources of the network service that projects may have only so many of. */

/** Neutron's own defaults, in the order in which quotas are shown. -1: no limit. */
export const DEFAULT_QUOTAS = {
  network: 100,
  subnet: 100,
  port: 500,
  router: 10,
  floatingip: 50,
  router_route: 30,
  rbac_policy: 10,
  security_group: 10,
  security_group_rule: 100,
} as const;

export type QuotaResource = keyof typeof DEFAULT_QUOTAS;

export const QUOTA_RESOURCES = Object.keys(DEFAULT_QUOTAS) as readonly QuotaResource[];

export function isQuotaResource(name: string): name is QuotaResource {
  return Object.hasOwn(DEFAULT_QUOTAS, name);
}
