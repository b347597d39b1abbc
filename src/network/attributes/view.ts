/** What of a resource is shown to a caller: what the policy lets it see, and of that what it asked for. */
import type { Context } from '#platform/context.ts';
import type { Target } from '#platform/policy/check-string.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { Resource } from './attribute.ts';

/** Made once a request, since for all rows of one owner the answer is the same. */
export class Viewer {
  readonly #policy: Policy;
  readonly #ctx: Context;
  readonly #get: string;
  readonly #fields: ReadonlySet<string> | undefined;
  readonly #guarded: readonly { readonly name: string; readonly rule: string }[];
  readonly #known = new Map<string, Sight>();

  /** `fields` are the members asked for; all when there are none. */
  constructor(policy: Policy, ctx: Context, resource: Resource, fields: readonly string[] = []) {
    this.#policy = policy;
    this.#ctx = ctx;
    this.#get = `get_${resource.name}`;
    this.#fields = fields.length > 0 ? new Set(fields) : undefined;
    this.#guarded = Object.entries(resource.attributes)
      .filter(([, { guard }]) => guard?.includes('get'))
      .map(([name]) => ({ name, rule: `${this.#get}:${name}` }));
  }

  /** Whether the caller may see it at all. `target` tells the policy whose it is. */
  sees(target: Target): boolean {
    return this.#sight(target).allowed;
  }

  /** The view given is cut, not copied. What is cut is undefined, which JSON leaves out. */
  show(view: Record<string, unknown>, target: Target): Record<string, unknown> {
    // Not deleted: objects of one shape are written several times as fast.
    for (const name of this.#sight(target).hidden) view[name] = undefined;
    const fields = this.#fields;
    if (!fields) return view;
    return Object.fromEntries(Object.entries(view).filter(([name]) => fields.has(name)));
  }

  #sight(target: Target): Sight {
    // What the rules of Neutron ask of a target, beside what is the same for the whole request.
    const key = [
      target['project_id'],
      target['network:project_id'],
      target['security_group:project_id'],
      target['belongs_to_default_sg'],
      target['shared'],
      target['router:external'],
    ].join(' ');
    let sight = this.#known.get(key);
    if (!sight) {
      sight = {
        allowed: this.#policy.allows(this.#ctx, this.#get, target),
        hidden: this.#guarded
          .filter(({ rule }) => !this.#policy.allows(this.#ctx, rule, target))
          .map(({ name }) => name),
      };
      this.#known.set(key, sight);
    }
    return sight;
  }
}

type Sight = { readonly allowed: boolean; readonly hidden: readonly string[] };
