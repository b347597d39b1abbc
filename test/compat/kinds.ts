/** Which kind of thing an id is of, told by where it stands. */

/** Segments of an address whose next segment is the id of something else. */
const BY_SEGMENT: Readonly<Record<string, string | null>> = {
  implies: 'roles',
  'os-interface': 'attached-ports',
  'os-quota-sets': 'projects',
  'os-floating-ips': 'floatingips',
  'os-simple-tenant-usage': 'projects',
  quotas: 'projects',
  members: 'members',
  'os-instance-actions': 'actions',
  'os-hosts': 'hosts',
  tags: null,
  ips: null,
  metadata: null,
  'os-extra_specs': null,
  extensions: null,
};

/** The kind of what stands after a segment; null for what is data and no id. */
export function kindOfSegment(before: string): string | null {
  const known = BY_SEGMENT[before];
  return known === undefined ? before : known;
}

const BY_MEMBER: Readonly<Record<string, string>> = {
  network_id: 'networks',
  floating_network_id: 'networks',
  net_id: 'networks',
  network: 'networks',
  networks: 'networks',
  subnet_id: 'subnets',
  port_id: 'ports',
  internal_port_id: 'ports',
  router_id: 'routers',
  port: 'ports',
  security_group_id: 'security-groups',
  security_groups: 'security-groups',
  remote_group_id: 'security-groups',
  remote_address_group_id: 'address-groups',
  flavorRef: 'flavors',
  imageRef: 'images',
  image: 'images',
  tenant_id: 'projects',
  project_id: 'projects',
  projects: 'projects',
  project: 'projects',
  tenant: 'projects',
  owner: 'projects',
  target_tenant: 'projects',
  target_project: 'projects',
  parent_id: 'projects',
  default_project_id: 'projects',
  user_id: 'users',
  user: 'users',
  domain_id: 'domains',
  domain: 'domains',
  service_id: 'services',
  region_id: 'regions',
  parent_region_id: 'regions',
  host: 'hosts',
  region: 'regions',
  role: 'roles',
  roles: 'roles',
  'scope.project.id': 'projects',
  'scope.domain.id': 'domains',
  'user.id': 'users',
  'role.id': 'roles',
  'group.id': 'groups',
  server: 'servers',
  server_uuid: 'servers',
  instance_uuid: 'servers',
  member: 'members',
};

/** The kind of an id under a member's name; `parent` is the member around it. */
export function kindOfMember(name: string, parent: string): string {
  const own = BY_MEMBER[name];
  if (own !== undefined) return own;
  if (name === 'id' || name === 'uuid') return BY_MEMBER[parent] ?? parent.replaceAll('_', '-');
  return 'id';
}
