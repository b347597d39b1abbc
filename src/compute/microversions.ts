/** The compute API's microversions: what each changed in what is served here, and where; and how a request names one. */
import { listOf } from '#platform/http/list-query.ts';
import { badRequest } from './compute.faults.ts';
import { Fault } from '#platform/fault.ts';

export const MIN_MINOR = 1;
export const MAX_MINOR = 104;

export type Microversion = {
  readonly minor: number;
  readonly change: string;
  /** The folder or file under `src/compute/` that reads the number. */
  readonly where: string;
};

/** Numbers that are not listed changed nothing that is served here. */
export const MICROVERSIONS: readonly Microversion[] = [
  { minor: 2, change: '`type` of key pairs; 201 and 204', where: 'keypairs' },
  { minor: 3, change: 'more OS-EXT-SRV-ATTR members for admins', where: 'servers/server-view.ts' },
  { minor: 5, change: 'everybody may filter by ip6', where: 'servers/server-list.rules.ts' },
  { minor: 7, change: '409 when a public flavor is given to a project', where: 'flavors' },
  { minor: 9, change: '`locked` in servers', where: 'servers/server-view.ts' },
  { minor: 10, change: 'key pairs of other users, for admins', where: 'keypairs' },
  { minor: 11, change: '`forced_down` of services', where: 'services' },
  { minor: 13, change: '`project_id` and `user_id` of server groups', where: 'server-groups' },
  { minor: 15, change: 'soft policies of server groups', where: 'server-groups' },
  { minor: 16, change: '`host_status` in servers', where: 'servers/server-view.ts' },
  { minor: 18, change: 'project id optional in paths', where: 'http/compute-service.ts' },
  { minor: 19, change: '`description` of servers', where: 'servers' },
  { minor: 21, change: 'actions of deleted servers', where: 'instance-actions' },
  { minor: 26, change: 'server tags, filters by tags', where: 'server-tags, servers' },
  { minor: 27, change: 'OpenStack-API-Version header', where: 'microversions.ts' },
  { minor: 28, change: '`cpu_info` as an object', where: 'hypervisors' },
  { minor: 32, change: '`tag` of networks and devices', where: 'servers/server-create.schema.ts' },
  { minor: 33, change: '`tag` of devices lost', where: 'servers/server-create.schema.ts' },
  { minor: 35, change: 'paging of key pairs', where: 'keypairs' },
  {
    minor: 36,
    change: "floating IPs and the network's quotas are gone",
    where: 'floating-ips, quotas, limits',
  },
  {
    minor: 37,
    change: '`networks` mandatory, `auto`, `none`',
    where: 'servers/server-create.schema.ts',
  },
  { minor: 38, change: '400 for an unknown status filter', where: 'servers/server-list.rules.ts' },
  { minor: 39, change: '`maxImageMeta` is gone', where: 'limits' },
  { minor: 40, change: 'paging of usage', where: 'tenant-usage' },
  { minor: 41, change: '`uuid` of aggregates', where: 'aggregates' },
  {
    minor: 42,
    change: '`tag` of networks and devices is back',
    where: 'servers/server-create.schema.ts',
  },
  {
    minor: 44,
    change: 'actions on fixed and floating IPs are gone',
    where: 'servers/server-actions.rules.ts',
  },
  { minor: 46, change: 'X-OpenStack-Request-ID', where: 'platform/http' },
  { minor: 47, change: 'flavor embedded in servers', where: 'servers/server-view.ts' },
  { minor: 49, change: '`tag` when an interface is attached', where: 'interfaces' },
  {
    minor: 50,
    change: "quota classes: server groups shown, the network's quotas gone",
    where: 'quotas',
  },
  {
    minor: 51,
    change: 'events of actions for everybody; external event `volume-extended`',
    where: 'instance-actions, server-external-events',
  },
  { minor: 52, change: '`tags` at server create', where: 'servers/server-create.schema.ts' },
  {
    minor: 53,
    change: 'UUIDs for services and hypervisors; servers of hypervisors by query',
    where: 'services, hypervisors',
  },
  { minor: 55, change: '`description` of flavors', where: 'flavors' },
  {
    minor: 57,
    change: '`personality` and its quotas gone',
    where: 'servers/server-create.schema.ts, quotas, limits',
  },
  { minor: 58, change: 'paging of actions, `updated_at`', where: 'instance-actions' },
  { minor: 61, change: '`extra_specs` in flavors', where: 'flavors' },
  { minor: 62, change: '`host` and `hostId` in events of actions', where: 'instance-actions' },
  { minor: 63, change: '`trusted_image_certificates`', where: 'servers' },
  { minor: 64, change: '`policy` and `rules` of server groups', where: 'server-groups' },
  { minor: 66, change: '`changes-before`', where: 'servers, instance-actions' },
  { minor: 67, change: '`volume_type` of devices', where: 'servers/server-create.schema.ts' },
  { minor: 70, change: '`tag` in interfaces', where: 'interfaces' },
  { minor: 71, change: '`server_groups` in servers', where: 'servers/server-view.ts' },
  { minor: 72, change: 'ports with resource requests', where: 'servers/server-networks.rules.ts' },
  { minor: 73, change: '`locked_reason`, filter `locked`', where: 'servers' },
  {
    minor: 74,
    change: '`host`, `hypervisor_hostname` at server create',
    where: 'servers/server-create.schema.ts',
  },
  {
    minor: 75,
    change: 'unknown parameters refused; PUT answers as GET',
    where: 'servers, flavors, hypervisors, services, quotas, limits, server-groups',
  },
  { minor: 76, change: 'external event `power-update`', where: 'server-external-events' },
  {
    minor: 82,
    change: 'external event `accelerator-request-bound`',
    where: 'server-external-events',
  },
  { minor: 83, change: 'more filters for everybody', where: 'servers/server-list.rules.ts' },
  { minor: 84, change: '`details` in events of actions', where: 'instance-actions' },
  { minor: 86, change: 'extra specs are validated', where: 'flavors' },
  {
    minor: 88,
    change: 'hypervisors lose sizes and statistics, and get `uptime`',
    where: 'hypervisors',
  },
  { minor: 90, change: '`hostname` may be set and is always shown', where: 'servers' },
  { minor: 92, change: 'key pairs are imported only', where: 'keypairs' },
  { minor: 93, change: 'external event `volume-reimaged`', where: 'server-external-events' },
  { minor: 94, change: '`hostname` may be a domain name', where: 'servers' },
  { minor: 96, change: '`pinned_availability_zone`', where: 'servers/server-view.ts' },
  { minor: 98, change: 'image properties in servers', where: 'servers/server-view.ts' },
  { minor: 100, change: '`scheduler_hints` in servers', where: 'servers/server-view.ts' },
  {
    minor: 102,
    change: 'unknown query keys refused everywhere; `rxtx_factor` and `OS-FLV-DISABLED` gone',
    where: 'flavors, interfaces, addresses',
  },
  { minor: 104, change: '`pinned_availability_zone` may be changed', where: 'servers' },
];

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The minor number that a request asks for. The new header wins over Nova's old one; neither means 2.1.
 * Throws what Nova answers to a malformed one and to one that is not served.
 */
export function requestedMinor(headers: Headers): number {
  const text = versionOf(headers);
  if (text === undefined) return MIN_MINOR;
  if (text === 'latest') return MAX_MINOR;
  const match = /^([1-9]\d*)\.([1-9]\d*|0)$/.exec(text);
  if (!match) {
    throw badRequest(
      `API Version String ${text} is of invalid format. Must be of format MajorNum.MinorNum.`,
    );
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major !== 2 || minor < MIN_MINOR || minor > MAX_MINOR) {
    throw new Fault(
      'not-acceptable',
      'InvalidGlobalAPIVersion',
      `Version ${text} is not supported by the API. Minimum is 2.${MIN_MINOR} and maximum is 2.${MAX_MINOR}.`,
    );
  }
  return minor;
}

function versionOf(headers: Headers): string | undefined {
  for (const value of listOf(headers['openstack-api-version'])) {
    for (const item of value.split(',')) {
      const [service, version] = item.trim().split(/\s+/);
      if (service?.toLowerCase() === 'compute') return version?.toLowerCase() ?? '';
    }
  }
  const [legacy] = listOf(headers['x-openstack-nova-api-version']);
  return legacy?.trim().toLowerCase();
}
