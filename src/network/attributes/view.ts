/** What of a resource is shown to a caller: what the policy lets it see, and of that what it asked for. */
import type { Context } from '#platform/context.ts';
import type { Target } from '#platform/policy/check-string.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { Resource } from './attribute.ts';

/** Made once a request, since for all rows of one owner the answer is the same. */
export class Viewer {
  readonly #policy: Policy;
  readonly #ctx: Context;
  readonly #fields: ReadonlySet<string> | undefined;
  readonly #guarded: readonly { readonly name: string; readonly rule: string }[];
  readonly #hiddenFrom = new Map<string, readonly string[]>();

  /** `fields` are the members asked for; all when there are none. */
  constructor(policy: Policy, ctx: Context, resource: Resource, fields: readonly string[] = []) {
    this.#policy = policy;
    this.#ctx = ctx;
    this.#fields = fields.length > 0 ? new Set(fields) : undefined;
    this.#guarded = Object.entries(resource.attributes)
      .filter(([, { guard }]) => guard?.includes('get'))
      .map(([name]) => ({ name, rule: `get_${resource.name}:${name}` }));
  }

  /** `target` tells the policy whose it is. The view given is cut, not copied. */
  show(view: Record<string, unknown>, target: Target): Record<string, unknown> {
    for (const name of this.#hidden(target)) delete view[name];
    const fields = this.#fields;
    if (!fields) return view;
    return Object.fromEntries(Object.entries(view).filter(([name]) => fields.has(name)));
  }

  #hidden(target: Target): readonly string[] {
    const owners = `${String(target['project_id'])} ${String(target['network:project_id'])}`;
    let hidden = this.#hiddenFrom.get(owners);
    if (!hidden) {
      hidden = this.#guarded
        .filter(({ rule }) => !this.#policy.allows(this.#ctx, rule, target))
        .map(({ name }) => name);
      this.#hiddenFrom.set(owners, hidden);
    }
    return hidden;
  }
}
