/** What can be done with the rules of security groups. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import type { CreateOf } from '../attributes/attribute.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import type { Sent } from '../attributes/request-body.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import { checkAddressGroup } from '../address-groups/address-group.store.ts';
import { checkQuotas } from '../quotas/check-quota.ts';
import {
  notUpdatable,
  ruleExists,
  securityGroupNotFound,
  securityGroupRuleNotFound,
} from './security-group.faults.ts';
import {
  checkDistinct,
  checkTogether,
  normaliseRule,
  ruleKey,
} from './security-group-rule.rules.ts';
import { SECURITY_GROUP_RULE } from './security-group.schema.ts';
import {
  whoLooks,
  type SecurityGroupDeps,
  type SecurityGroupService,
} from './security-group.service.ts';
import * as store from './security-group-rule.store.ts';
import { findGroup, findUsableGroups, touchGroup } from './security-group.store.ts';

export type RuleCreate = CreateOf<typeof SECURITY_GROUP_RULE>;

export class SecurityGroupRuleService {
  readonly #deps: SecurityGroupDeps;
  readonly #groups: SecurityGroupService;

  constructor(deps: SecurityGroupDeps, groups: SecurityGroupService) {
    this.#deps = deps;
    this.#groups = groups;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly store.SecurityGroupRuleRow[]> {
    await this.#groups.ensureDefaultFor(ctx, query);
    const { marker } = query.page;
    const rules = await store.listRules(this.#deps.db, query, {
      ...whoLooks(ctx),
      marker: marker === null ? undefined : await this.get(ctx, marker),
    });
    return rules.filter((rule) => this.#maySee(ctx, rule));
  }

  async get(ctx: Context, id: string): Promise<store.SecurityGroupRuleRow> {
    const rule = await store.findRule(this.#deps.db, id);
    if (!rule || !this.#maySee(ctx, rule)) throw securityGroupRuleNotFound(id);
    return rule;
  }

  /** Makes one rule or several of one group, all or none. */
  async create(
    ctx: Context,
    items: readonly Sent<RuleCreate>[],
  ): Promise<readonly store.SecurityGroupRuleRow[]> {
    const { db, hosts, policy } = this.#deps;
    const rules = await db.transaction().execute(async (tx) => {
      const wanted = items.map(({ values }) => values);
      await checkQuotas(tx, 'security_group_rule', wanted);
      for (const { values, chosen } of items) {
        const group = await findGroup(tx, values.security_group_id);
        if (!group) throw securityGroupNotFound(values.security_group_id);
        authorizeCreate(policy, ctx, SECURITY_GROUP_RULE, {
          target: {
            project_id: values.project_id,
            tenant_id: values.project_id,
            'security_group:project_id': group.project_id,
            belongs_to_default_sg: group.is_default === 1,
          },
          chosen,
        });
      }
      return await this.#insert(ctx, tx, wanted);
    });
    await hosts.groupsChanged([...new Set(rules.map((rule) => rule.security_group_id))]);
    return rules;
  }

  async update(): Promise<never> {
    throw notUpdatable();
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, hosts, policy, now } = this.#deps;
    const rule = await this.get(ctx, id);
    authorizeChange(policy, ctx, SECURITY_GROUP_RULE, {
      action: 'delete',
      target: targetOfRule(rule),
      chosen: {},
    });
    await db.transaction().execute(async (tx) => {
      const current = await store.findRule(tx, id);
      if (!current) throw securityGroupRuleNotFound(id);
      checkRevision(ifMatch, current.revision_number);
      await store.deleteRule(tx, id);
      await touchGroup(tx, current.security_group_id, timestamp(now()));
    });
    await hosts.groupsChanged([rule.security_group_id]);
  }

  async #insert(
    ctx: Context,
    tx: Tx,
    wanted: readonly RuleCreate[],
  ): Promise<readonly store.SecurityGroupRuleRow[]> {
    const { newId, now } = this.#deps;
    const [first] = wanted;
    if (!first) return [];
    checkTogether(wanted);
    const rules = wanted.map(normaliseRule);
    for (const rule of rules) await checkRemotes(ctx, tx, rule);
    checkDistinct(rules);
    const groupId = first.security_group_id;
    const keys = new Set(rules.map(ruleKey));
    const known = (await store.rulesOfGroups(tx, [groupId])).get(groupId) ?? [];
    const twin = known.find((rule) => keys.has(ruleKey(rule)));
    if (twin) throw ruleExists(twin.id);
    const at = timestamp(now());
    const rows = rules.map((rule) => ({
      ...rule,
      id: newId(),
      revision_number: 0,
      created_at: at,
      updated_at: at,
    }));
    await store.insertRules(tx, rows);
    await touchGroup(tx, groupId, at);
    const made = new Map(
      ((await store.rulesOfGroups(tx, [groupId])).get(groupId) ?? []).map((rule) => [
        rule.id,
        rule,
      ]),
    );
    return rows.flatMap((row) => made.get(row.id) ?? []);
  }

  #maySee(ctx: Context, rule: store.SecurityGroupRuleRow): boolean {
    return this.#deps.policy.allows(ctx, 'get_security_group_rule', targetOfRule(rule));
  }
}

/** Refuses remotes that the rule's project cannot see. */
async function checkRemotes(ctx: Context, tx: Tx, rule: RuleCreate): Promise<void> {
  const { remote_group_id: groupId, remote_address_group_id: addressGroupId } = rule;
  const projectId = whoLooks(ctx).everybody ? null : rule.project_id;
  if (groupId !== null) {
    const found = await findUsableGroups(tx, [groupId], projectId);
    if (found.length === 0) throw securityGroupNotFound(groupId);
  }
  if (addressGroupId !== null) await checkAddressGroup(tx, addressGroupId, projectId);
}

/** Whose a rule is, and its group, for the policy. */
export function targetOfRule(rule: store.SecurityGroupRuleRow) {
  return {
    project_id: rule.project_id,
    tenant_id: rule.project_id,
    'security_group:project_id': rule.group_project_id,
    belongs_to_default_sg: rule.belongs_to_default_sg === 1,
  };
}
