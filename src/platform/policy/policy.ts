/** Who may do what: OpenStack's rule names, with defaults from the services and overrides from `policy.yaml`. */
import type { Context } from '../context.ts';
import { Fault } from '../fault.ts';
import { compileCheck, type Check, type Target } from './check-string.ts';

export type PolicyRule = {
  /** As in OpenStack's policy reference, such as `os_compute_api:servers:create`. */
  readonly name: string;
  /** An oslo.policy check string. */
  readonly check: string;
};

export class Policy {
  readonly #checks = new Map<string, Check>();
  readonly #deny: (rule: string) => Fault;

  /**
   * `rules` are a service's defaults, `overrides` what the operator wrote, by rule name (names of other
   * services are left alone). `deny` words the refusal as the service does. Throws `InvalidPolicy`.
   */
  constructor(
    rules: readonly PolicyRule[],
    overrides: Readonly<Record<string, string>>,
    deny: (rule: string) => Fault,
  ) {
    this.#deny = deny;
    const texts = new Map(rules.map(({ name, check }) => [name, check]));
    for (const [name, check] of Object.entries(overrides)) {
      if (texts.has(name)) texts.set(name, check);
    }
    const compiling = new Set<string>();
    const compile = (name: string): Check => {
      const known = this.#checks.get(name);
      if (known) return known;
      const text = texts.get(name);
      if (text === undefined || compiling.has(name)) {
        const why = text === undefined ? 'does not exist' : 'refers to itself';
        throw new Fault('invalid', 'InvalidPolicy', `The policy rule '${name}' ${why}.`);
      }
      compiling.add(name);
      const check = compileCheck(text, compile);
      compiling.delete(name);
      this.#checks.set(name, check);
      return check;
    };
    for (const name of texts.keys()) compile(name);
  }

  /** The names of all rules. */
  get names(): readonly string[] {
    return [...this.#checks.keys()];
  }

  /** Whether the caller may do this to `target`; its own project and user when no target is given. */
  allows(ctx: Context, rule: string, target: Target = ownTarget(ctx)): boolean {
    if (ctx.internal) return true;
    const check = this.#checks.get(rule);
    if (!check) throw new Error(`no policy rule is named '${rule}'`);
    return check(credentialsOf(ctx), target);
  }

  /** Throws the service's refusal when the caller may not. */
  authorize(ctx: Context, rule: string, target?: Target): void {
    if (!this.allows(ctx, rule, target)) throw this.#deny(rule);
  }
}

function ownTarget(ctx: Context): Target {
  return { project_id: ctx.projectId, tenant_id: ctx.projectId, user_id: ctx.userId };
}

function credentialsOf(ctx: Context) {
  return {
    roles: ctx.roles,
    values: {
      user_id: ctx.userId,
      user_domain_id: ctx.userDomainId,
      project_id: ctx.projectId,
      tenant_id: ctx.projectId,
      project_domain_id: ctx.projectDomainId,
      domain_id: ctx.domainId,
      system_scope: ctx.systemScope,
      is_admin: ctx.roles.has('admin') ? 'True' : 'False',
    },
  };
}
