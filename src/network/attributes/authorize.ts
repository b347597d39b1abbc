/** Asks the policy about an action and every guarded attribute of it, and words the refusal as Neutron does. */
import { isJsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { Target } from '#platform/policy/check-string.ts';
import { policyNotAuthorized, resourceNotFound } from '../network.faults.ts';
import type { Resource } from './attribute.ts';
import type { Chosen } from './request-body.ts';

/** Throws unless the caller may create this, with all that it chose. `target` has at least `project_id`. */
export function authorizeCreate(
  policy: Policy,
  ctx: Context,
  resource: Resource,
  { target, chosen }: { target: Target; chosen: Chosen },
): void {
  const { rules, expression } = whatToAsk('create', resource, chosen);
  if (!rules.every((rule) => policy.allows(ctx, rule, target))) {
    throw policyNotAuthorized(expression);
  }
}

/**
 * Throws unless the caller may change or delete this. Refuses what belongs to somebody else as if it were
 * not there, unless its kind may be seen by those who do not own it (a shared network): then there is nothing to hide.
 */
export function authorizeChange(
  policy: Policy,
  ctx: Context,
  resource: Resource,
  { action, target, chosen }: { action: 'update' | 'delete'; target: Target; chosen: Chosen },
): void {
  const { rules, expression } = whatToAsk(action, resource, chosen);
  if (rules.every((rule) => policy.allows(ctx, rule, target))) return;
  const own = target['project_id'] === ctx.projectId;
  throw own || policy.allows(ctx, `get_${resource.name}`, target)
    ? policyNotAuthorized(expression)
    : resourceNotFound();
}

/** The rules to ask, and how they read together: `(rule:create_port and rule:create_port:fixed_ips)`. */
function whatToAsk(
  action: 'create' | 'update' | 'delete',
  { name: resource, attributes }: Resource,
  chosen: Chosen,
): { rules: readonly string[]; expression: string } {
  const root = `${action}_${resource}`;
  const rules = [root];
  let expression = `rule:${root}`;
  for (const [name, { guard, guardMembers }] of Object.entries(attributes)) {
    if (!guard?.includes(action) || !Object.hasOwn(chosen, name)) continue;
    const rule = `${root}:${name}`;
    const members = guardMembers ? memberRules(rule, chosen[name]) : [];
    rules.push(rule, ...members);
    // compat: the members of one object stand in brackets, even when there are none.
    const inner =
      members.length > 0 || (guardMembers && isJsonObject(chosen[name]))
        ? `(rule:${rule} and (${members.map((member) => `rule:${member}`).join(' and ')}))`
        : `rule:${rule}`;
    expression = `(${expression} and ${inner})`;
  }
  return { rules, expression };
}

function memberRules(rule: string, value: unknown): string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.flatMap((item) =>
    isJsonObject(item) ? Object.keys(item).map((member) => `${rule}:${member}`) : [],
  );
}
