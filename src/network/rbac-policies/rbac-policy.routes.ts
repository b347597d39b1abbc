/** /v2.0/rbac-policies: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { RBAC_POLICY } from './rbac-policy.schema.ts';
import { RbacPolicyService, type RbacPolicyDeps } from './rbac-policy.service.ts';

export function rbacPolicyRoutes(app: ServiceApp, deps: RbacPolicyDeps): void {
  resourceRoutes(app, {
    resource: RBAC_POLICY,
    service: new RbacPolicyService(deps),
    policy: deps.policy,
    view: ({ target_project, ...row }) => ({
      ...row,
      target_tenant: target_project,
      tenant_id: row.project_id,
    }),
    target: (row) => ({ project_id: row.project_id }),
  });
}
