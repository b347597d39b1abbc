/** The identity service's front door: Keystone v3, and what the other services and the app need of it. */
import type { Db } from '#platform/db/tables.ts';
import { identityDialect } from '#platform/http/fault-bodies.ts';
import type { Service } from '#platform/http/http-app.ts';
import { newHexId } from '#platform/ids.ts';
import type { Logger } from '#platform/log.ts';
import { Policy } from '#platform/policy/policy.ts';
import { BootstrapService } from './bootstrap/bootstrap.service.ts';
import { CatalogService } from './catalog/catalog.service.ts';
import type { IdentityApi, IdentityBootstrap } from './identity-api.ts';
import { Writes, type IdentityCore } from './identity-core.ts';
import { forbiddenAction } from './identity.faults.ts';
import { IdentityLookup } from './identity-lookup.ts';
import { identityRoutes } from './identity.routes.ts';
import { PREFIX } from './links.ts';
import { IDENTITY_POLICIES } from './policies.ts';
import { PasswordCheck } from './tokens/password-check.ts';
import { PasswordHasher } from './tokens/password-hash.ts';
import { TokenService } from './tokens/token.service.ts';

export type * from './identity-api.ts';
export { IDENTITY_POLICIES } from './policies.ts';

export type IdentityDeps = {
  readonly db: Db;
  readonly log: Logger;
  /** Where clients reach this cloud, such as `http://127.0.0.1:8774`. A function when it is known only after listening. */
  readonly publicUrl: string | (() => string);
  /** Check strings by rule name, as in `policy.yaml`; names of other services are left alone. */
  readonly policyOverrides?: Readonly<Record<string, string>>;
  readonly now?: () => Date;
  /** 32 hexadecimal digits. */
  readonly newId?: () => string;
  /** Less work for each password hash: for tests only. */
  readonly passwordLogN?: number;
};

export type IdentityService = {
  readonly api: IdentityApi;
  /** To be registered on the HTTP app. */
  readonly service: Service;
  readonly bootstrap: IdentityBootstrap;
};

/** Builds the service. Nothing is read or written before the first call. Throws `InvalidPolicy`. */
export function createIdentity(deps: IdentityDeps): IdentityService {
  const { db, log, publicUrl } = deps;
  const core: IdentityCore = {
    db,
    log,
    now: deps.now ?? (() => new Date()),
    newId: deps.newId ?? newHexId,
    policy: new Policy(IDENTITY_POLICIES, deps.policyOverrides ?? {}, forbiddenAction),
    publicUrl: typeof publicUrl === 'string' ? () => publicUrl : publicUrl,
    writes: new Writes(db),
  };
  const hasher = new PasswordHasher(deps.passwordLogN);
  const passwords = new PasswordCheck(hasher);
  const catalog = new CatalogService(core);
  const tokens = new TokenService({ core, passwords, catalog });
  return {
    api: new IdentityLookup(core, tokens),
    service: {
      prefix: PREFIX,
      dialect: identityDialect,
      routes: identityRoutes({ core, tokens, catalog, hasher, passwords }),
    },
    bootstrap: new BootstrapService(core, hasher),
  };
}
