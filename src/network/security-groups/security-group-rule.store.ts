/** Security group rules in SQL, and the template that new groups get theirs from. */
import type { Insertable, Selectable } from 'kysely';
import type { Db, Flag } from '#platform/db/tables.ts';
import type {
  DefaultSecurityGroupRulesTable,
  SecurityGroupRulesTable,
} from '#platform/db/tables/network-security.ts';

/** `belongs_to_default_sg` says that the rule's group is the default group of its project. */
export type SecurityGroupRuleRow = Selectable<SecurityGroupRulesTable> & {
  readonly belongs_to_default_sg: Flag;
  /** Whose group it is: rules may be added by others (administrators). */
  readonly group_project_id: string;
};
export type DefaultRuleRow = Selectable<DefaultSecurityGroupRulesTable>;

/** Rules with what their group adds to them; the start of every query for rules. */
export function rulesQuery(db: Db) {
  return db
    .selectFrom('security_group_rules')
    .innerJoin('security_groups', 'security_groups.id', 'security_group_rules.security_group_id')
    .selectAll('security_group_rules')
    .select([
      'security_groups.is_default as belongs_to_default_sg',
      'security_groups.project_id as group_project_id',
    ]);
}

export async function findRule(db: Db, id: string): Promise<SecurityGroupRuleRow | undefined> {
  return await rulesQuery(db).where('security_group_rules.id', '=', id).executeTakeFirst();
}

/** The rules of many groups at once, by group id, each in the order of rule ids. */
export async function rulesOfGroups(
  db: Db,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SecurityGroupRuleRow[]>> {
  const rules = new Map<string, SecurityGroupRuleRow[]>();
  if (groupIds.length === 0) return rules;
  const rows = await rulesQuery(db)
    .where('security_group_rules.security_group_id', 'in', groupIds)
    .orderBy('security_group_rules.id')
    .execute();
  for (const row of rows) {
    const known = rules.get(row.security_group_id);
    if (known) known.push(row);
    else rules.set(row.security_group_id, [row]);
  }
  return rules;
}

export async function insertRules(
  db: Db,
  rules: readonly Insertable<SecurityGroupRulesTable>[],
): Promise<void> {
  if (rules.length === 0) return;
  await db.insertInto('security_group_rules').values(rules).execute();
}

export async function deleteRule(db: Db, id: string): Promise<void> {
  await db.deleteFrom('security_group_rules').where('id', '=', id).execute();
}

/** What the template gives to a project's default group, or to every other new group. */
export async function templateRules(
  db: Db,
  use: 'default' | 'others',
): Promise<readonly DefaultRuleRow[]> {
  return await db
    .selectFrom('default_security_group_rules')
    .selectAll()
    .where(use === 'default' ? 'used_in_default_sg' : 'used_in_non_default_sg', '=', 1)
    .orderBy('id')
    .execute();
}
