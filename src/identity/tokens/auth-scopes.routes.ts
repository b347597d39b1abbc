/** What a token's bearer can scope another token to, and the catalog: /v3/auth/projects, domains, system, catalog. */
import { Type } from 'typebox';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { CatalogService } from '../catalog/catalog.service.ts';
import type { IdentityCore } from '../identity-core.ts';
import { forbidden } from '../identity.faults.ts';
import { apiUrl } from '../links.ts';
import { viewCollection } from '../listing.ts';
import { viewDomain, viewProject } from '../projects/project-view.ts';
import type { ProjectService } from '../projects/project.service.ts';
import type { UserService } from '../users/user.service.ts';

export type AuthScopeParts = {
  readonly core: IdentityCore;
  readonly projects: ProjectService;
  readonly users: UserService;
  readonly catalog: CatalogService;
};

export function authScopeRoutes(app: ServiceApp, parts: AuthScopeParts): void {
  const { core, projects, users, catalog } = parts;

  app.get(
    '/v3/auth/projects',
    { config: { policy: 'identity:get_auth_projects' } },
    async (request) => {
      core.policy.authorize(request.ctx, 'identity:get_auth_projects');
      const rows = await projects.ofUser(request.ctx.userId);
      const views = rows.map((project) => viewProject(request, project));
      return viewCollection(request, 'projects', { rows: views, truncated: false });
    },
  );

  app.get(
    '/v3/users/:id/projects',
    {
      config: { policy: 'identity:list_user_projects' },
      schema: { params: Type.Object({ id: Type.String() }) },
    },
    async (request) => {
      await users.checkMayListProjects(request.ctx, request.params.id);
      const rows = await projects.ofUser(request.params.id);
      const views = rows.map((project) => viewProject(request, project));
      return viewCollection(request, 'projects', { rows: views, truncated: false });
    },
  );

  app.get(
    '/v3/auth/domains',
    { config: { policy: 'identity:get_auth_domains' } },
    async (request) => {
      core.policy.authorize(request.ctx, 'identity:get_auth_domains');
      const rows = await projects.domainsOfUser(request.ctx.userId);
      const views = rows.map((domain) => viewDomain(request, domain));
      return viewCollection(request, 'domains', { rows: views, truncated: false });
    },
  );

  app.get(
    '/v3/auth/system',
    { config: { policy: 'identity:get_auth_system' } },
    async (request) => {
      core.policy.authorize(request.ctx, 'identity:get_auth_system');
      const reached = await users.reachesSystem(request.ctx.userId);
      return {
        system: reached ? [{ all: true }] : [],
        links: { self: `${apiUrl(request)}/auth/system` },
      };
    },
  );

  app.get(
    '/v3/auth/catalog',
    { config: { policy: 'identity:get_auth_catalog' } },
    async (request) => {
      const { ctx } = request;
      core.policy.authorize(ctx, 'identity:get_auth_catalog');
      if (ctx.projectId === '') {
        throw forbidden('You are not authorized to perform the requested action.');
      }
      return {
        catalog: await catalog.show(ctx.userId, ctx.projectId),
        links: { self: `${apiUrl(request)}/auth/catalog` },
      };
    },
  );
}
