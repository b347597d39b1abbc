/** What ports need of security groups: a default group, and a check of the groups that were asked for. */
import type { Context } from '#platform/context.ts';
import { flag, type Tx } from '#platform/db/tables.ts';
import { isAdministrator } from '../attributes/privilege.ts';
import { timestamp } from '../attributes/standard.ts';
import { checkQuota } from '../quotas/check-quota.ts';
import { mixedStatefulness, securityGroupNotFound } from './security-group.faults.ts';
import { insertRules, templateRules } from './security-group-rule.store.ts';
import { findDefaultGroupId, findUsableGroups, insertGroup } from './security-group.store.ts';

export { groupsOfPorts, setPortGroups } from './security-group.store.ts';

/** Where ids and times come from. */
export type Makers = { readonly newId: () => string; readonly now: () => Date };

/** A group to make, without what it gets by itself. */
export type NewGroup = {
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly stateful: boolean;
  readonly isDefault: boolean;
};

/** The id of the project's default group, which is made when there is none yet. */
export async function ensureDefaultGroup(
  tx: Tx,
  projectId: string,
  makers: Makers,
): Promise<string> {
  const known = await findDefaultGroupId(tx, projectId);
  if (known !== undefined) return known;
  const made = await makeGroup(
    tx,
    {
      projectId,
      name: 'default',
      description: 'Default security group',
      stateful: true,
      isDefault: true,
    },
    makers,
  );
  const id = made ?? (await findDefaultGroupId(tx, projectId));
  if (id === undefined) throw new Error(`project '${projectId}' got no default security group`);
  return id;
}

/** Writes a group with the rules of the template and returns its id; undefined when the project got a default group meanwhile. */
export async function makeGroup(
  tx: Tx,
  wanted: NewGroup,
  { newId, now }: Makers,
): Promise<string | undefined> {
  const { projectId, name, description, stateful, isDefault } = wanted;
  const template = await templateRules(tx, isDefault ? 'default' : 'others');
  await checkQuota(tx, projectId, 'security_group_rule', template.length);
  const id = newId();
  const at = timestamp(now());
  const inserted = await insertGroup(tx, {
    id,
    project_id: projectId,
    name,
    description,
    stateful: flag(stateful),
    is_default: flag(isDefault),
    revision_number: 1,
    created_at: at,
    updated_at: at,
  });
  if (!inserted) return undefined;
  await insertRules(
    tx,
    template.map((rule) => ({
      id: newId(),
      project_id: projectId,
      security_group_id: id,
      direction: rule.direction,
      ethertype: rule.ethertype,
      protocol: rule.protocol,
      port_range_min: rule.port_range_min,
      port_range_max: rule.port_range_max,
      remote_ip_prefix: rule.remote_ip_prefix,
      remote_group_id: rule.remote_group_id === 'PARENT' ? id : rule.remote_group_id,
      remote_address_group_id: rule.remote_address_group_id,
      // compat: rules from the template have no description at all, unlike those that a caller makes.
      description: null,
      revision_number: 0,
      created_at: at,
      updated_at: at,
    })),
  );
  return id;
}

/**
 * Refuses groups that the port's project cannot see, and stateful groups together with stateless ones.
 * Administrators may use any project's groups.
 */
export async function checkPortGroups(
  tx: Tx,
  ctx: Context,
  projectId: string,
  groupIds: readonly string[],
): Promise<void> {
  const owner = isAdministrator(ctx) ? null : projectId;
  const groups = await findUsableGroups(tx, groupIds, owner);
  const found = new Set(groups.map((group) => group.id));
  const missing = [...new Set(groupIds)].filter((id) => !found.has(id));
  if (missing.length > 0) throw securityGroupNotFound(missing.join(', '));
  if (new Set(groups.map((group) => group.stateful)).size > 1) throw mixedStatefulness();
}
