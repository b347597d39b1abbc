/** Security group rules in SQL, and the template that new groups get theirs from. */
import type { Insertable, Selectable } from 'kysely';
import { flag as asFlag, type Db, type Flag } from '#platform/db/tables.ts';
import type {
  DefaultSecurityGroupRulesTable,
  SecurityGroupRulesTable,
} from '#platform/db/tables/network-security.ts';
import { inChunks, listPage, oneOf } from '../attributes/list.store.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { flag } from '../attributes/readers.ts';
import { findUsableGroups, type SecurityGroupRow, type Seen } from './security-group.store.ts';

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

/** One page of the rules of a project's groups; of all groups when `everybody`. */
export async function listRules(
  db: Db,
  query: ListQuery,
  { projectId, everybody, marker }: Seen & { marker: SecurityGroupRuleRow | undefined },
): Promise<readonly SecurityGroupRuleRow[]> {
  let select = rulesQuery(db);
  if (!everybody) select = select.where('security_groups.project_id', '=', projectId);
  return await listPage(select, {
    table: 'security_group_rules',
    query,
    marker,
    own: {
      belongs_to_default_sg: (eb, values) =>
        oneOf(
          eb,
          'security_groups.is_default',
          values.map((value) => asFlag(flag(value, 'belongs_to_default_sg'))),
        ),
    },
  });
}

/** The rules of many groups at once, by group id, each in the order of rule ids. */
export async function rulesOfGroups(
  db: Db,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SecurityGroupRuleRow[]>> {
  if (groupIds.length === 0) return new Map();
  const rows = await rulesQuery(db)
    .where('security_group_rules.security_group_id', 'in', groupIds)
    .orderBy('security_group_rules.id')
    .execute();
  return Map.groupBy(rows, (row) => row.security_group_id);
}

/** Those of the groups that a project may use, with their rules; any groups when no project is named. */
export async function groupsWithRules(
  db: Db,
  ids: readonly string[],
  projectId: string | null,
): Promise<
  readonly { readonly group: SecurityGroupRow; readonly rules: readonly SecurityGroupRuleRow[] }[]
> {
  const groups = await inChunks(ids, async (some) => {
    const found = await findUsableGroups(db, some, projectId);
    return new Map(found.map((group) => [group.id, group]));
  });
  const rules = await inChunks([...groups.keys()], async (some) => await rulesOfGroups(db, some));
  return [...groups.values()].map((group) => ({ group, rules: rules.get(group.id) ?? [] }));
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

export async function listTemplate(
  db: Db,
  query: ListQuery,
  marker: DefaultRuleRow | undefined,
): Promise<readonly DefaultRuleRow[]> {
  const all = db.selectFrom('default_security_group_rules').selectAll();
  return await listPage(all, { table: 'default_security_group_rules', query, marker });
}

export async function findTemplateRule(db: Db, id: string): Promise<DefaultRuleRow | undefined> {
  return await db
    .selectFrom('default_security_group_rules')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
}

export async function insertTemplateRule(
  db: Db,
  rule: Insertable<DefaultSecurityGroupRulesTable>,
): Promise<void> {
  await db.insertInto('default_security_group_rules').values(rule).execute();
}

export async function deleteTemplateRule(db: Db, id: string): Promise<void> {
  await db.deleteFrom('default_security_group_rules').where('id', '=', id).execute();
}
