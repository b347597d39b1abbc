/** Answers what the other services ask of identity. */
import type { Identity } from '#platform/context.ts';
import { DEFAULT_DOMAIN } from './bootstrap/bootstrap.service.ts';
import type { IdentityApi, ProjectFacts, UserFacts } from './identity-api.ts';
import type { IdentityCore } from './identity-core.ts';
import * as projects from './projects/project.store.ts';
import type { TokenService } from './tokens/token.service.ts';
import * as users from './users/user.store.ts';

export class IdentityLookup implements IdentityApi {
  readonly #core: IdentityCore;
  readonly #tokens: TokenService;

  constructor(core: IdentityCore, tokens: TokenService) {
    this.#core = core;
    this.#tokens = tokens;
  }

  async authenticate(token: string): Promise<Identity | undefined> {
    return await this.#tokens.authenticate(token);
  }

  async findProject(id: string): Promise<ProjectFacts | undefined> {
    return projectFacts(await projects.findProject(this.#core.db, id));
  }

  async findProjectByName(
    name: string,
    domainId: string = DEFAULT_DOMAIN,
  ): Promise<ProjectFacts | undefined> {
    return projectFacts(await projects.findProjectByName(this.#core.db, name, domainId));
  }

  async findUser(id: string): Promise<UserFacts | undefined> {
    return userFacts(await users.findUser(this.#core.db, id));
  }

  async findUserByName(
    name: string,
    domainId: string = DEFAULT_DOMAIN,
  ): Promise<UserFacts | undefined> {
    return userFacts(await users.findUserByName(this.#core.db, name, domainId));
  }

  async projectExists(id: string): Promise<boolean> {
    return (await projects.findProject(this.#core.db, id)) !== undefined;
  }

  async projectNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await projects.findProjects(this.#core.db, [...new Set(ids)]);
    return new Map(rows.map((row) => [row.id, row.name]));
  }
}

function projectFacts(row: projects.ProjectRow | undefined): ProjectFacts | undefined {
  return (
    row && {
      id: row.id,
      name: row.name,
      domainId: row.domain_id ?? '',
      parentId: row.parent_id ?? '',
      enabled: row.enabled === 1,
    }
  );
}

function userFacts(row: users.UserRow | undefined): UserFacts | undefined {
  return row && { id: row.id, name: row.name, domainId: row.domain_id, enabled: row.enabled === 1 };
}
