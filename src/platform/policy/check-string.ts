/**
 * The check strings of oslo.policy (`role:reader and project_id:%(project_id)s`), compiled to functions.
 *
 * Grammar: `@` (always), `!` (never), `kind:match`, `not`, `and`, `or`, parentheses; an empty string is `@`.
 */
import { Fault } from '../fault.ts';

/** What is known of the caller, by the names that check strings use: `user_id`, `project_id`, `roles`, ... */
export type Credentials = {
  readonly roles: ReadonlySet<string>;
  readonly values: Readonly<Record<string, string>>;
};

/** What is acted on, flat: `project_id`, `target.user.id`, `network:tenant_id`, ... */
export type Target = Readonly<Record<string, unknown>>;

export type Check = (credentials: Credentials, target: Target) => boolean;

/** Compiles a check string; `rule` finds the check that `rule:name` means. Throws `InvalidPolicy` on bad grammar. */
export function compileCheck(text: string, rule: (name: string) => Check): Check {
  const tokens = text.match(/\(|\)|(?:[^\s()%]|%(?!\()|%\([^)]*\)s)+/g) ?? [];
  let at = 0;
  const bad = (why: string) =>
    new Fault('invalid', 'InvalidPolicy', `The policy check '${text}' cannot be read: ${why}.`);

  const either = (): Check => {
    let left = both();
    while (tokens[at]?.toLowerCase() === 'or') {
      at += 1;
      const [first, second] = [left, both()];
      left = (who, target) => first(who, target) || second(who, target);
    }
    return left;
  };
  const both = (): Check => {
    let left = one();
    while (tokens[at]?.toLowerCase() === 'and') {
      at += 1;
      const [first, second] = [left, one()];
      left = (who, target) => first(who, target) && second(who, target);
    }
    return left;
  };
  const one = (): Check => {
    const token = tokens[at];
    at += 1;
    if (token === undefined) throw bad('it ends too early');
    if (token.toLowerCase() === 'not') {
      const inner = one();
      return (who, target) => !inner(who, target);
    }
    if (token === '(') {
      const inner = either();
      if (tokens[at] !== ')') throw bad("a ')' is missing");
      at += 1;
      return inner;
    }
    if (token === ')') throw bad("a ')' is out of place");
    return atom(token);
  };
  const atom = (token: string): Check => {
    if (token === '@') return () => true;
    if (token === '!') return () => false;
    const colon = token.indexOf(':');
    if (colon < 1) throw bad(`'${token}' is not 'kind:match'`);
    const kind = token.slice(0, colon);
    const match = token.slice(colon + 1);
    if (kind === 'rule') return rule(match);
    if (kind === 'role') {
      const wanted = expander(match);
      return (who, target) => who.roles.has(wanted(target)?.toLowerCase() ?? '');
    }
    // compat: neutron's own `field:networks:shared=True` compares a member of the target.
    if (kind === 'field') {
      const [, name = '', value = ''] = /^[^:]+:([^=]+)=(.*)$/.exec(match) ?? [];
      if (name === '') throw bad(`'${token}' is not 'field:resource:name=value'`);
      // compat: `=~` begins a regular expression.
      if (value.startsWith('~')) {
        const pattern = new RegExp(value.slice(1));
        return (_who, target) => pattern.test(textOf(target[name]));
      }
      return (_who, target) => textOf(target[name]) === value;
    }
    // compat: `domain_id:None` asks that the caller's token has no domain.
    if (match === 'None' && !/^('.*'|None|True|False)$/.test(kind)) {
      return (who) => (who.values[kind] ?? '') === '';
    }
    const wanted = expander(match);
    const literal = /^'(.*)'$/.exec(kind)?.[1] ?? (/^(None|True|False)$/.test(kind) ? kind : null);
    if (literal !== null) return (_who, target) => wanted(target) === literal;
    return (who, target) => {
      const value = who.values[kind];
      return value !== undefined && value !== '' && value === wanted(target);
    };
  };

  if (tokens.length === 0) return () => true;
  const check = either();
  if (at < tokens.length) throw bad(`'${tokens[at]}' is out of place`);
  return check;
}

/** `%(name)s` takes a member of the target; anything else is itself. */
function expander(match: string): (target: Target) => string | undefined {
  const name = /^%\((.*)\)s$/.exec(match)?.[1];
  if (name === undefined) return () => match;
  return (target) => (name in target ? textOf(target[name]) : undefined);
}

/** Values are compared as Python prints them. */
function textOf(value: unknown): string {
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value === null || value === undefined) return 'None';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
