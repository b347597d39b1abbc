/** What the identity service offers to the other services and to the app. They need this and nothing else of it. */
import type { Identity } from '#platform/context.ts';

export type ProjectFacts = {
  readonly id: string;
  readonly name: string;
  /** '' for a project that acts as a domain. */
  readonly domainId: string;
  /** '' for a project that acts as a domain. */
  readonly parentId: string;
  readonly enabled: boolean;
};

export type UserFacts = {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly enabled: boolean;
};

/** What other services ask of identity. */
export interface IdentityApi {
  /** Whom a token belongs to; undefined when it is not valid (any more). */
  authenticate(token: string): Promise<Identity | undefined>;
  /** A project or a domain by its id. */
  findProject(id: string): Promise<ProjectFacts | undefined>;
  /** A project by its name within a domain (the default domain when none is given). */
  findProjectByName(name: string, domainId?: string): Promise<ProjectFacts | undefined>;
  findUser(id: string): Promise<UserFacts | undefined>;
  findUserByName(name: string, domainId?: string): Promise<UserFacts | undefined>;
  projectExists(id: string): Promise<boolean>;
  /** Names by id, for views that show both; ids that do not exist are left out. */
  projectNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Fills an empty database, and what the app's first start adds. All are safe to call at every start. */
export interface IdentityBootstrap {
  /**
   * Makes the default domain, the roles, the project and user `admin`, the project `service` and the catalog.
   * Returns whether it did: a database that holds them already is left alone, and the password is not used.
   */
  ensureBootstrap(wanted: BootstrapWanted): Promise<boolean>;
  /** Makes a project and a user in the default domain, with a role there, unless they exist. */
  ensureProjectWithUser(wanted: ProjectWithUserWanted): Promise<ProjectWithUser>;
  /** Sets a user's password, as an operator who holds the state directory may. */
  setPassword(userId: string, password: string): Promise<void>;
}

export type BootstrapWanted = {
  readonly adminPassword: string;
  /** `RegionOne` when left out. */
  readonly region?: string;
};

export type ProjectWithUserWanted = {
  readonly projectName: string;
  readonly description?: string;
  readonly userName: string;
  readonly password: string;
  /** Names of roles; `['member']` when left out. */
  readonly roles?: readonly string[];
};

export type ProjectWithUser = {
  readonly projectId: string;
  readonly userId: string;
  /** False when both were there already: then the password is the old one. */
  readonly created: boolean;
};
