/** The template of the rules that new security groups begin with. */
import type { Context } from '#platform/context.ts';
import { flag, type Tx } from '#platform/db/tables.ts';
import type { CreateOf } from '../attributes/attribute.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import type { Sent } from '../attributes/request-body.ts';
import { timestamp } from '../attributes/standard.ts';
import { checkAddressGroup } from '../address-groups/address-group.store.ts';
import {
  defaultRuleExists,
  defaultRuleNotFound,
  notUpdatable,
  securityGroupNotFound,
} from './security-group.faults.ts';
import { normaliseRule, ruleKey, type RuleMatch } from './security-group-rule.rules.ts';
import { DEFAULT_RULE } from './security-group.schema.ts';
import type { SecurityGroupDeps } from './security-group.service.ts';
import * as store from './security-group-rule.store.ts';
import { findGroup } from './security-group.store.ts';

export type DefaultRuleCreate = CreateOf<typeof DEFAULT_RULE>;

export class DefaultRuleService {
  readonly #deps: SecurityGroupDeps;

  constructor(deps: SecurityGroupDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly store.DefaultRuleRow[]> {
    const { db, policy } = this.#deps;
    if (!policy.allows(ctx, 'get_default_security_group_rule')) return [];
    const { marker } = query.page;
    return await store.listTemplate(
      db,
      query,
      marker === null ? undefined : await this.get(ctx, marker),
    );
  }

  async get(ctx: Context, id: string): Promise<store.DefaultRuleRow> {
    const { db, policy } = this.#deps;
    const rule = await store.findTemplateRule(db, id);
    if (!rule || !policy.allows(ctx, 'get_default_security_group_rule')) {
      throw defaultRuleNotFound(id);
    }
    return rule;
  }

  async create(
    ctx: Context,
    items: readonly Sent<DefaultRuleCreate>[],
  ): Promise<readonly store.DefaultRuleRow[]> {
    const { db, policy, newId, now } = this.#deps;
    for (const { chosen } of items) {
      authorizeCreate(policy, ctx, DEFAULT_RULE, { target: {}, chosen });
    }
    return await db.transaction().execute(async (tx) => {
      const made: store.DefaultRuleRow[] = [];
      for (const { values } of items) {
        const { project_id: _projectId, ...rule } = normaliseRule(values);
        for (const use of ['default', 'others'] as const) {
          const used = use === 'default' ? rule.used_in_default_sg : rule.used_in_non_default_sg;
          const known = used ? await store.templateRules(tx, use) : [];
          const twin = known.find((other) => ruleKey(other) === ruleKey(rule));
          if (twin) throw defaultRuleExists(twin.id);
        }
        await checkRemotes(tx, rule);
        const row = {
          ...rule,
          id: newId(),
          used_in_default_sg: flag(rule.used_in_default_sg),
          used_in_non_default_sg: flag(rule.used_in_non_default_sg),
          created_at: timestamp(now()),
        };
        await store.insertTemplateRule(tx, row);
        made.push(row);
      }
      return made;
    });
  }

  async update(): Promise<never> {
    throw notUpdatable();
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { db, policy } = this.#deps;
    await this.get(ctx, id);
    authorizeChange(policy, ctx, DEFAULT_RULE, {
      action: 'delete',
      // It is nobody's: who may not delete it is told so.
      target: { project_id: ctx.projectId },
      chosen: {},
    });
    await store.deleteTemplateRule(db, id);
  }
}

/** The remotes of a template rule are there; `PARENT` will be the group itself. */
async function checkRemotes(tx: Tx, rule: RuleMatch): Promise<void> {
  const { remote_group_id: groupId, remote_address_group_id: addressGroupId } = rule;
  if (groupId !== null && groupId !== 'PARENT' && !(await findGroup(tx, groupId))) {
    throw securityGroupNotFound(groupId);
  }
  if (addressGroupId !== null) await checkAddressGroup(tx, addressGroupId, null);
}
