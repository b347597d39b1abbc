/** Tokens: issued against a proof of who one is, validated, taken back. */
import { randomBytes } from 'node:crypto';
import type { Context, Identity } from '#platform/context.ts';
import type { CatalogService } from '../catalog/catalog.service.ts';
import type { IdentityCore } from '../identity-core.ts';
import {
  authMethodNotSupported,
  expecting,
  tokenNotFound,
  unauthorized,
} from '../identity.faults.ts';
import { findProject, findProjectByName } from '../projects/project.store.ts';
import { findUser } from '../users/user.store.ts';
import { AUTH_METHODS, findDomain, type Proof } from './auth-methods.ts';
import type { PasswordCheck } from './password-check.ts';
import { EXPIRED_WINDOW_MS, revokeTokens, TOKEN_LIFETIME_MS } from './revocations.ts';
import { identityOf, resolveSubject, type Subject } from './subject.ts';
import { decodeToken, encodeToken, type TokenClaims, type TokenScope } from './token-codec.ts';
import { TokenKeys } from './token-keys.ts';
import { viewToken, wantedScope, type WantedScope } from './token.rules.ts';
import type { AuthRequest, TokenView } from './token.schema.ts';
import { findRevocations, type Revoked } from './token.store.ts';

export type TokenServiceDeps = {
  readonly core: IdentityCore;
  readonly passwords: PasswordCheck;
  readonly catalog: CatalogService;
};

export type Issued = { readonly token: string; readonly view: TokenView };

/** Validated tokens to remember. */
const REMEMBERED = 10_000;

type Remembered = {
  readonly generation: number;
  readonly expiresAt: number;
  readonly identity: Identity;
};

export class TokenService {
  readonly #deps: TokenServiceDeps;
  readonly #keys: TokenKeys;
  readonly #remembered = new Map<string, Remembered>();

  constructor(deps: TokenServiceDeps) {
    this.#deps = deps;
    this.#keys = new TokenKeys(deps.core.db);
  }

  /** Whom a token belongs to; undefined when it is not valid (any more). Asked with every request. */
  async authenticate(token: string): Promise<Identity | undefined> {
    const { core } = this.#deps;
    const { generation } = core.writes;
    const known = this.#remembered.get(token);
    if (known?.generation === generation && known.expiresAt > core.now().getTime()) {
      return known.identity;
    }
    this.#remembered.delete(token);
    const claims = await this.#read(token, 0);
    const subject = claims && (await resolveSubject(core.db, claims.userId, claims.scope));
    if (!subject) return undefined;
    const identity = identityOf(subject);
    this.#remember(token, { generation, expiresAt: claims.expiresAt, identity });
    return identity;
  }

  #remember(token: string, what: Remembered): void {
    if (this.#remembered.size >= REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    this.#remembered.set(token, what);
  }

  /** Issues a token for who proves to be somebody. Every refusal of a person sounds the same. */
  async issue(auth: AuthRequest, options: { catalog: boolean }): Promise<Issued> {
    const { core } = this.#deps;
    const wanted = wantedScope(auth);
    const proof = await this.#prove(auth);
    const scope = await this.#scopeFor(proof, wanted);
    const subject = await resolveSubject(core.db, proof.userId, scope);
    if (!subject) throw unauthorized('disabled, or no role on what is asked for');
    const now = core.now().getTime();
    const revocations = await findRevocations(core.db, marksOf(proof.userId, scope, []));
    const auditId = randomBytes(16).toString('base64url');
    const claims: TokenClaims = {
      userId: proof.userId,
      methods: proof.methods,
      scope,
      auditIds: proof.rootAuditId === undefined ? [auditId] : [auditId, proof.rootAuditId],
      // A revocation takes all that was issued in its own millisecond, and this one comes after it.
      issuedAt: Math.max(now, ...revocations.map((each) => each.issued_before + 1)),
      expiresAt: Math.min(proof.expiresAt ?? Infinity, now + TOKEN_LIFETIME_MS),
    };
    const token = encodeToken(claims, await this.#keys.load());
    return { token, view: await this.#view(claims, subject, options) };
  }

  async #prove({ identity }: AuthRequest): Promise<Proof> {
    const names = [...new Set(identity.methods)];
    const methods = names.map((name) => {
      const method = AUTH_METHODS.get(name);
      if (!Object.hasOwn(identity, name)) throw expecting(name, 'identity');
      if (!method) throw authMethodNotSupported(name);
      return method;
    });
    const deps = {
      db: this.#deps.core.db,
      passwords: this.#deps.passwords,
      readToken: async (token: string) => await this.#read(token, 0),
    };
    let proven: Proof | undefined;
    for (const method of methods) {
      const proof = await method(deps, identity);
      if (proven && proven.userId !== proof.userId) {
        throw unauthorized('the methods speak of different users');
      }
      const used = new Set([...(proven?.methods ?? []), ...proof.methods]);
      proven = { ...proven, ...proof, methods: [...used] };
    }
    if (!proven) throw unauthorized('no method was given');
    return proven;
  }

  async #scopeFor(proof: Proof, wanted: WantedScope): Promise<TokenScope> {
    const { db } = this.#deps.core;
    switch (wanted.kind) {
      case 'none':
      case 'system':
        return { kind: wanted.kind };
      case 'domain': {
        const domain = await findDomain(db, wanted.domain);
        if (!domain) throw unauthorized('no such domain');
        return { kind: 'domain', id: domain.id };
      }
      case 'project': {
        const { id, name, domain: inDomain } = wanted.project;
        // compat: the name wins when both are given.
        const domain = name === undefined ? undefined : await findDomain(db, inDomain ?? {});
        const project =
          name === undefined
            ? await findProject(db, id ?? '')
            : domain?.enabled === 1
              ? await findProjectByName(db, name, domain.id)
              : undefined;
        if (!project || project.is_domain === 1) throw unauthorized('no such project');
        return { kind: 'project', id: project.id };
      }
      case 'default': {
        // Without a word on the scope, it is the user's default project; no scope when that cannot be had.
        const user = await findUser(db, proof.userId);
        if (user?.default_project_id == null) return { kind: 'none' };
        const scope = { kind: 'project', id: user.default_project_id } as const;
        return (await resolveSubject(db, proof.userId, scope)) ? scope : { kind: 'none' };
      }
    }
  }

  /** Shows a token to who may see it. */
  async validate(
    ctx: Context,
    token: string | undefined,
    options: { catalog: boolean; allowExpired: boolean; rule: string },
  ): Promise<TokenView> {
    const { core } = this.#deps;
    const window = options.allowExpired ? EXPIRED_WINDOW_MS : 0;
    const claims = token === undefined ? undefined : await this.#read(token, window);
    core.policy.authorize(ctx, options.rule, { 'target.token.user_id': claims?.userId });
    if (token === undefined) throw tokenNotFound('No token in the request');
    const subject = claims && (await resolveSubject(core.db, claims.userId, claims.scope));
    if (!subject) throw tokenNotFound();
    return await this.#view(claims, subject, options);
  }

  /** Takes one token back; those that were made from it by rescoping live on, as in Keystone. */
  async revoke(ctx: Context, token: string | undefined): Promise<void> {
    const { core } = this.#deps;
    const claims = token === undefined ? undefined : await this.#read(token, 0);
    core.policy.authorize(ctx, 'identity:revoke_token', {
      'target.token.user_id': claims?.userId,
    });
    if (token === undefined) throw tokenNotFound('No token in the request');
    const auditId = claims?.auditIds[0];
    if (auditId === undefined) throw tokenNotFound();
    await core.writes.run(async (tx) => await revokeTokens(core, tx, 'audit', auditId));
  }

  /** What a token says, when it is ours, has not expired for longer than `window`, and was not revoked. */
  async #read(token: string, window: number): Promise<TokenClaims | undefined> {
    const { core } = this.#deps;
    const claims = decodeToken(token, await this.#keys.load());
    if (!claims || claims.expiresAt + window <= core.now().getTime()) return undefined;
    const marks = marksOf(claims.userId, claims.scope, claims.auditIds.slice(0, 1));
    const revocations = await findRevocations(core.db, marks);
    const revoked = revocations.some(
      ({ kind, issued_before }) => kind === 'audit' || claims.issuedAt <= issued_before,
    );
    return revoked ? undefined : claims;
  }

  async #view(
    claims: TokenClaims,
    subject: Subject,
    options: { catalog: boolean },
  ): Promise<TokenView> {
    const { scope } = claims;
    const withCatalog = options.catalog && scope.kind !== 'none';
    const projectId = scope.kind === 'project' ? scope.id : undefined;
    return viewToken(
      claims,
      subject,
      withCatalog ? await this.#deps.catalog.show(claims.userId, projectId) : undefined,
    );
  }
}

/** By which marks a token may have been revoked. */
function marksOf(userId: string, scope: TokenScope, auditIds: readonly string[]): Revoked[] {
  return [
    { kind: 'user', subject_id: userId },
    // A domain is a project too.
    ...('id' in scope ? [{ kind: 'project', subject_id: scope.id } as const] : []),
    ...auditIds.map((id) => ({ kind: 'audit', subject_id: id }) as const),
  ];
}
