/** Security groups and rules as they are shown. */
import { viewStandard, viewTime } from '../attributes/standard.ts';
import { normalisedCidrOf } from './security-group-rule.rules.ts';
import type { DefaultRuleRow, SecurityGroupRuleRow } from './security-group-rule.store.ts';
import type { SecurityGroupRow } from './security-group.store.ts';

/** A group with all that is shown of it. */
export type GroupDetails = {
  readonly group: SecurityGroupRow;
  readonly rules: readonly SecurityGroupRuleRow[];
  readonly tags: readonly string[];
  /** Shared with the caller's project, or with everybody. */
  readonly shared: boolean;
};

export function viewGroup({ group, rules, tags, shared }: GroupDetails) {
  return {
    ...viewStandard(group, tags),
    name: group.name,
    stateful: group.stateful === 1,
    shared,
    // compat: a rule has tags where it is shown in its group, and only there; nothing can set them.
    security_group_rules: rules.map((rule) => ({ ...viewRule(rule), tags: [] })),
  };
}

export function viewRule(rule: SecurityGroupRuleRow) {
  return {
    id: rule.id,
    project_id: rule.project_id,
    tenant_id: rule.project_id,
    security_group_id: rule.security_group_id,
    ...viewMatch(rule),
    normalized_cidr: normalisedCidrOf(rule.remote_ip_prefix),
    belongs_to_default_sg: rule.belongs_to_default_sg === 1,
    revision_number: rule.revision_number,
    created_at: viewTime(rule.created_at),
    updated_at: viewTime(rule.updated_at),
  };
}

export function viewDefaultRule(rule: DefaultRuleRow) {
  return {
    id: rule.id,
    ...viewMatch(rule),
    used_in_default_sg: rule.used_in_default_sg === 1,
    used_in_non_default_sg: rule.used_in_non_default_sg === 1,
  };
}

function viewMatch(rule: SecurityGroupRuleRow | DefaultRuleRow) {
  return {
    ethertype: rule.ethertype,
    direction: rule.direction,
    protocol: rule.protocol,
    port_range_min: rule.port_range_min,
    port_range_max: rule.port_range_max,
    remote_ip_prefix: rule.remote_ip_prefix,
    remote_address_group_id: rule.remote_address_group_id,
    remote_group_id: rule.remote_group_id,
    description: rule.description,
  };
}
