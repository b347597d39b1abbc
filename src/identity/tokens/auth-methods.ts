/** The ways to prove who one is. Application credentials and the like become one more entry each. */
import type { Db } from '#platform/db/tables.ts';
import { expecting, unauthorized } from '../identity.faults.ts';
import { findProject, findProjectByName, type ProjectRow } from '../projects/project.store.ts';
import { PASSWORD_LENGTH } from '../schema.ts';
import { findUser, findUserByName, type UserRow } from '../users/user.store.ts';
import type { PasswordCheck } from './password-check.ts';
import type { TokenClaims } from './token-codec.ts';
import type { AuthIdentity, DomainRef } from './token.schema.ts';

/** Who somebody has been found to be. */
export type Proof = {
  readonly userId: string;
  readonly methods: readonly string[];
  /** The audit id of the first token in the chain, when this is a rescoping. */
  readonly rootAuditId?: string;
  /** A new token ends no later than this. */
  readonly expiresAt?: number;
};

export type AuthMethodDeps = {
  readonly db: Db;
  readonly passwords: PasswordCheck;
  /** What a token says, if it is valid. */
  readonly readToken: (token: string) => Promise<TokenClaims | undefined>;
};

export type AuthMethod = (deps: AuthMethodDeps, identity: AuthIdentity) => Promise<Proof>;

export const AUTH_METHODS: ReadonlyMap<string, AuthMethod> = new Map([
  ['password', byPassword],
  ['token', byToken],
]);

async function byPassword(deps: AuthMethodDeps, identity: AuthIdentity): Promise<Proof> {
  if (!identity.password) throw expecting('password', 'identity');
  const claimed = identity.password.user;
  if (!claimed) throw expecting('user', 'password');
  if (claimed.password === undefined) throw expecting('password', 'user');
  if (claimed.id === undefined && claimed.name === undefined) {
    throw expecting('id or name', 'user');
  }
  if (claimed.id === undefined && !claimed.domain) throw expecting('domain', 'user');
  if (claimed.password.length > PASSWORD_LENGTH) throw unauthorized('the password is too long');
  const user = await findClaimedUser(deps.db, claimed);
  // An unknown user costs as much time as a wrong password: names cannot be told apart by the clock.
  const right = await deps.passwords.matches(
    user?.id ?? '',
    claimed.password,
    user?.password_hash ?? null,
  );
  if (!user) throw unauthorized('no such user');
  if (!right) throw unauthorized('wrong password');
  return { userId: user.id, methods: ['password'] };
}

async function findClaimedUser(
  db: Db,
  claimed: { id?: string; name?: string; domain?: DomainRef },
): Promise<UserRow | undefined> {
  if (claimed.id !== undefined) return await findUser(db, claimed.id);
  const domain = await findDomain(db, claimed.domain ?? {});
  if (!domain) return undefined;
  return await findUserByName(db, claimed.name ?? '', domain.id);
}

async function byToken(deps: AuthMethodDeps, identity: AuthIdentity): Promise<Proof> {
  if (!identity.token) throw expecting('token', 'identity');
  const claims = await deps.readToken(identity.token.id);
  if (!claims) throw unauthorized('the token is not valid');
  const rootAuditId = claims.auditIds.at(-1);
  return {
    userId: claims.userId,
    methods: [...claims.methods.filter((method) => method !== 'token'), 'token'],
    expiresAt: claims.expiresAt,
    ...(rootAuditId !== undefined && { rootAuditId }),
  };
}

/** A domain that a request names by id or name. */
export async function findDomain(db: Db, ref: DomainRef): Promise<ProjectRow | undefined> {
  // compat: the name wins when both are given.
  const domain =
    ref.name === undefined
      ? await findProject(db, ref.id ?? '')
      : await findProjectByName(db, ref.name, null);
  return domain?.is_domain === 1 ? domain : undefined;
}
