/** The network service's tables around networks and ports: security groups, sharing, agents. */

/** 0 or 1. */
type Flag = 0 | 1;

export interface SecurityGroupsTable {
  id: string;
  project_id: string;
  name: string;
  description: string;
  stateful: Flag;
  /** The one group of its project that ports get when none is asked for. */
  is_default: Flag;
  revision_number: number;
  created_at: string;
  updated_at: string;
}

/** What a rule admits; the same in a group and in the template for new groups. */
export interface RuleMatchColumns {
  direction: 'ingress' | 'egress';
  ethertype: 'IPv4' | 'IPv6';
  /** A name or a number as text; null for any. */
  protocol: string | null;
  /** The ICMP type when the protocol is ICMP. */
  port_range_min: number | null;
  /** The ICMP code when the protocol is ICMP. */
  port_range_max: number | null;
  /** As it was given, with its prefix length. */
  remote_ip_prefix: string | null;
  remote_address_group_id: string | null;
}

export interface SecurityGroupRulesTable extends RuleMatchColumns {
  id: string;
  project_id: string;
  security_group_id: string;
  remote_group_id: string | null;
  description: string | null;
  revision_number: number;
  created_at: string;
  updated_at: string;
}

/** The template from which new groups get their first rules. */
export interface DefaultSecurityGroupRulesTable extends RuleMatchColumns {
  id: string;
  /** `PARENT` stands for the group that is being made. */
  remote_group_id: string | null;
  description: string | null;
  used_in_default_sg: Flag;
  used_in_non_default_sg: Flag;
  created_at: string;
}

/** Which groups a port is in. */
export interface PortSecurityGroupsTable {
  port_id: string;
  security_group_id: string;
}

export interface AddressGroupsTable {
  id: string;
  project_id: string;
  name: string;
  description: string;
  revision_number: number;
  created_at: string;
  updated_at: string;
}

export interface AddressGroupAddressesTable {
  address_group_id: string;
  /** A network in its canonical form, such as `10.0.0.0/8`. */
  address: string;
}

export interface RbacPoliciesTable {
  id: string;
  project_id: string;
  object_type: 'network' | 'security_group' | 'address_group';
  object_id: string;
  action: 'access_as_shared' | 'access_as_external';
  /** A project's id, or `*` for all. */
  target_project: string;
}

/** What is remembered of agents beyond what hosts report. */
export interface NetworkAgentsTable {
  id: string;
  host: string;
  agent_type: 'Linux bridge agent' | 'DHCP agent' | 'L3 agent';
  admin_state_up: Flag;
  description: string | null;
  created_at: string;
}

export interface NetworkSecurityTables {
  address_group_addresses: AddressGroupAddressesTable;
  address_groups: AddressGroupsTable;
  default_security_group_rules: DefaultSecurityGroupRulesTable;
  network_agents: NetworkAgentsTable;
  port_security_groups: PortSecurityGroupsTable;
  rbac_policies: RbacPoliciesTable;
  security_group_rules: SecurityGroupRulesTable;
  security_groups: SecurityGroupsTable;
}
