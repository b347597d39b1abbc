/** What is asked of a new token, and what a token says. Pure. */
import type { CatalogEntry } from '../catalog/catalog.rules.ts';
import { expecting, invalid } from '../identity.faults.ts';
import type { Subject } from './subject.ts';
import type { TokenClaims } from './token-codec.ts';
import type { AuthRequest, DomainRef, ProjectRef, TokenView } from './token.schema.ts';

/** The scope that a request names; `default` when it names none. */
export type WantedScope =
  | { readonly kind: 'default' | 'none' | 'system' }
  | { readonly kind: 'domain'; readonly domain: DomainRef }
  | { readonly kind: 'project'; readonly project: ProjectRef };

/** Reads and checks what the schema leaves open. */
export function wantedScope({ identity, scope }: AuthRequest): WantedScope {
  const user = identity.password?.user;
  if (user) {
    checkNamed(user, 'identity/password/user');
    if (user.domain) checkNamed(user.domain, 'identity/password/user/domain');
  }
  if (scope === undefined) return { kind: 'default' };
  if (typeof scope === 'string') {
    if (scope === 'unscoped') return { kind: 'none' };
    throw expecting('system, project, domain, OS-TRUST:trust or unscoped', 'scope');
  }
  if (scope.project) {
    checkNamed(scope.project, 'scope/project');
    if (scope.project.domain) checkNamed(scope.project.domain, 'scope/project/domain');
  }
  if (scope.domain) checkNamed(scope.domain, 'scope/domain');
  const { project, domain, system } = scope;
  const given = [project, domain, system, scope.unscoped].filter((part) => part !== undefined);
  if (given.length !== 1) {
    throw expecting('system, project, domain, OS-TRUST:trust or unscoped', 'scope');
  }
  if (project) {
    if (project.name !== undefined && !project.domain) throw expecting('domain', 'project');
    return { kind: 'project', project };
  }
  if (domain) return { kind: 'domain', domain };
  return { kind: system ? 'system' : 'none' };
}

function checkNamed(ref: { id?: string; name?: string }, path: string): void {
  if (ref.id === undefined && ref.name === undefined) {
    throw invalid(`Invalid input for field ${path}: id or name must be present.`);
  }
}

/** A token's body. The catalog is left out when it is undefined. */
export function viewToken(
  claims: TokenClaims,
  subject: Subject,
  catalog: readonly CatalogEntry[] | undefined,
): TokenView {
  const { user, userDomain, scope, target, targetDomain } = subject;
  const common = {
    methods: claims.methods,
    user: {
      domain: { id: userDomain.id, name: userDomain.name },
      id: user.id,
      name: user.name,
      password_expires_at: null,
    },
    audit_ids: claims.auditIds,
    expires_at: microseconds(claims.expiresAt),
    issued_at: microseconds(claims.issuedAt),
  };
  if (scope.kind === 'none') return common;
  const rest = {
    roles: subject.roles.map(({ id, name }) => ({ id, name })),
    ...(catalog && { catalog }),
  };
  if (scope.kind === 'system') return { ...common, system: { all: true }, ...rest };
  const { id, name } = target ?? { id: scope.id, name: '' };
  if (scope.kind === 'domain') return { ...common, domain: { id, name }, ...rest };
  const domain = { id: targetDomain?.id ?? '', name: targetDomain?.name ?? '' };
  return { ...common, project: { domain, id, name }, is_domain: false, ...rest };
}

function microseconds(time: number): string {
  return new Date(time).toISOString().replace('Z', '000Z');
}
