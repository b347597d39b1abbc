/** A server as clients see it, at each microversion. */
import { createHash } from 'node:crypto';
import type { PortFacts } from '#network/network-api.ts';
import type { Links } from '../http/compute-service.ts';
import type { Addresses } from '../addresses/addresses.ts';
import { showsFault, showsProgress, statusOf } from './server-status.rules.ts';
import {
  faultOf,
  flavorOf,
  imagePropertiesOf,
  instanceName,
  metadataOf,
  tagsOf,
  type ServerRow,
} from './server-row.ts';

/** What a view needs besides the row. */
export type ServerFacts = {
  readonly server: ServerRow;
  readonly addresses: Addresses;
  readonly ports: readonly PortFacts[];
  /** `UP`, `UNKNOWN`, `DOWN`, `MAINTENANCE`, or '' without a host. */
  readonly hostStatus: string;
  /** Undefined in lists, where they are not shown. */
  readonly groups: readonly string[] | undefined;
};

/** Who looks, and how. */
export type ServerViewer = {
  readonly minor: number;
  readonly links: Links;
  readonly admin: boolean;
  /** Members that only admins see. */
  readonly attributes: boolean;
  readonly hostStatus: 'all' | 'unknown' | 'none';
  /** Flavors' extra specs within servers, from 2.47 on. */
  readonly extraSpecs: boolean;
};

export function viewServerShort({ id, name }: ServerRow, links: Links) {
  return { id, name, links: links.both(`servers/${id}`) };
}

/** GET; and PUT from 2.75 on. */
export function viewServer(facts: ServerFacts, viewer: ServerViewer): object {
  const { server, ports } = facts;
  const { minor } = viewer;
  const groups = securityGroupsOf(ports);
  return {
    ...viewBase(facts, viewer, facts.addresses.extended),
    'OS-EXT-AZ:availability_zone': server.availability_zone,
    config_drive: server.config_drive === 1 ? 'True' : '',
    key_name: server.key_name,
    'OS-SRV-USG:launched_at': microseconds(server.launched_at),
    'OS-SRV-USG:terminated_at': microseconds(server.terminated_at),
    ...(groups.length > 0 && { security_groups: groups }),
    ...viewAttributes(server, viewer),
    'OS-EXT-STS:task_state': server.task_state,
    'OS-EXT-STS:vm_state': server.vm_state,
    'OS-EXT-STS:power_state': server.power_state,
    'os-extended-volumes:volumes_attached': [],
    ...viewSince(server, minor),
    ...(minor >= 63 && { trusted_image_certificates: certificatesOf(server) }),
    ...(minor >= 16 && viewHostStatus(facts.hostStatus, viewer)),
    ...(minor >= 71 && facts.groups !== undefined && { server_groups: facts.groups }),
    ...(minor >= 96 && { pinned_availability_zone: server.pinned_availability_zone }),
    ...(minor >= 100 && { scheduler_hints: hintLists(server) }),
  };
}

/** PUT until 2.75: less of it. */
export function viewServerAfterUpdate(facts: ServerFacts, viewer: ServerViewer): object {
  if (viewer.minor >= 75) return viewServer(facts, viewer);
  return {
    ...viewBase(facts, viewer, facts.addresses.plain),
    ...viewSince(facts.server, viewer.minor),
  };
}

/** The action `rebuild`, without the password that comes with it. */
export function viewServerAfterRebuild(facts: ServerFacts, viewer: ServerViewer): object {
  const { server } = facts;
  const { minor } = viewer;
  return {
    ...viewServerAfterUpdate(facts, viewer),
    ...(minor >= 54 && { key_name: server.key_name }),
    ...(minor >= 57 && { user_data: server.user_data }),
    ...(minor >= 63 && { trusted_image_certificates: certificatesOf(server) }),
    ...(minor >= 71 && facts.groups !== undefined && { server_groups: facts.groups }),
  };
}

const certificatesOf = (server: ServerRow): readonly string[] | null =>
  server.trusted_image_certificates === null
    ? null
    : (JSON.parse(server.trusted_image_certificates) as string[]);

function viewBase({ server }: ServerFacts, viewer: ServerViewer, addresses: object) {
  const { links, minor, admin } = viewer;
  const status = statusOf(server);
  const fault = showsFault(status) ? faultOf(server) : null;
  return {
    id: server.id,
    name: server.name,
    status,
    tenant_id: server.project_id,
    user_id: server.user_id,
    metadata: metadataOf(server),
    hostId: hostId(server.project_id, server.host),
    image: {
      id: server.image_id,
      links: links.bookmark(`images/${server.image_id}`),
      ...(minor >= 98 && { properties: imagePropertiesOf(server) }),
    },
    flavor: viewFlavor(server, viewer),
    created: seconds(server.created_at),
    updated: seconds(server.updated_at),
    // compat: hidden while the server is built, though `/ips` shows them.
    addresses: server.vm_state === 'building' ? {} : addresses,
    accessIPv4: server.access_ip_v4,
    accessIPv6: server.access_ip_v6,
    links: links.both(`servers/${server.id}`),
    'OS-DCF:diskConfig': server.disk_config,
    ...(fault && {
      fault: {
        code: fault.code,
        created: seconds(fault.created),
        message: fault.message,
        ...(admin && fault.details !== '' && { details: fault.details }),
      },
    }),
    ...(showsProgress(status) && { progress: 0 }),
  };
}

function viewFlavor(server: ServerRow, { minor, links, extraSpecs }: ServerViewer) {
  const flavor = flavorOf(server);
  if (minor < 47) return { id: flavor.id, links: links.bookmark(`flavors/${flavor.id}`) };
  return {
    vcpus: flavor.vcpus,
    ram: flavor.ram,
    disk: flavor.disk,
    ephemeral: flavor.ephemeral,
    swap: flavor.swap,
    original_name: flavor.name,
    ...(extraSpecs && { extra_specs: flavor.extraSpecs }),
  };
}

function viewAttributes(server: ServerRow, { minor, attributes }: ServerViewer) {
  const hostname = { 'OS-EXT-SRV-ATTR:hostname': server.hostname };
  if (!attributes) return minor >= 90 ? hostname : {};
  const host = server.host === '' ? null : server.host;
  return {
    'OS-EXT-SRV-ATTR:host': host,
    'OS-EXT-SRV-ATTR:instance_name': instanceName(server),
    'OS-EXT-SRV-ATTR:hypervisor_hostname': host,
    ...(minor >= 3 && {
      'OS-EXT-SRV-ATTR:reservation_id': server.reservation_id,
      'OS-EXT-SRV-ATTR:launch_index': server.launch_index,
      ...hostname,
      'OS-EXT-SRV-ATTR:kernel_id': server.kernel_id,
      'OS-EXT-SRV-ATTR:ramdisk_id': server.ramdisk_id,
      'OS-EXT-SRV-ATTR:root_device_name': server.launched_at === null ? null : '/dev/vda',
      'OS-EXT-SRV-ATTR:user_data': server.user_data,
    }),
  };
}

function viewSince(server: ServerRow, minor: number) {
  return {
    ...(minor >= 9 && { locked: server.locked_by !== null }),
    ...(minor >= 73 && { locked_reason: server.locked_reason }),
    ...(minor >= 19 && { description: server.description }),
    ...(minor >= 26 && { tags: tagsOf(server) }),
  };
}

function viewHostStatus(hostStatus: string, viewer: ServerViewer) {
  if (viewer.hostStatus === 'all') return { host_status: hostStatus };
  // Some may be told only that nothing is known of their server's host.
  if (viewer.hostStatus === 'unknown' && hostStatus === 'UNKNOWN')
    return { host_status: 'UNKNOWN' };
  return {};
}

function hintLists(server: ServerRow): object {
  return JSON.parse(server.scheduler_hints) as object;
}

/** Names of the groups that the server's ports have, each once. compat: one without a name is said by its id. */
function securityGroupsOf(ports: readonly PortFacts[]): { name: string }[] {
  const names = new Set(
    ports.flatMap((port) => port.securityGroups.map(({ id, name }) => name || id)),
  );
  return [...names].map((name) => ({ name }));
}

/** The same for all servers of a project on a host, and telling nothing of its name. */
export function hostId(projectId: string, host: string): string {
  return host === ''
    ? ''
    : createHash('sha224')
        .update(projectId + host)
        .digest('hex');
}

/** `2026-11-21T01:12:42Z` */
export function seconds(at: string): string {
  return `${at.slice(0, 19)}Z`;
}

/** `2026-11-21T01:12:55.000000` */
export function microseconds(at: string | null): string | null {
  return at === null ? null : `${at.slice(0, 19)}.000000`;
}
