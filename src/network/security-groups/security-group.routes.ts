/** /v2.0/security-groups, /v2.0/security-group-rules and /v2.0/default-security-group-rules. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { DefaultRuleService } from './default-rule.service.ts';
import { SecurityGroupRuleService, targetOfRule } from './security-group-rule.service.ts';
import { DEFAULT_RULE, SECURITY_GROUP, SECURITY_GROUP_RULE } from './security-group.schema.ts';
import {
  targetOfGroup,
  type SecurityGroupDeps,
  type SecurityGroupService,
} from './security-group.service.ts';
import { viewDefaultRule, viewGroup, viewRule } from './views.ts';

export function securityGroupRoutes(
  app: ServiceApp,
  deps: SecurityGroupDeps,
  groups: SecurityGroupService,
): void {
  const { policy } = deps;
  resourceRoutes(app, {
    resource: SECURITY_GROUP,
    service: groups,
    policy,
    view: viewGroup,
    target: ({ group, shared }) => ({ ...targetOfGroup(group), shared }),
  });
  resourceRoutes(app, {
    resource: SECURITY_GROUP_RULE,
    service: new SecurityGroupRuleService(deps, groups),
    policy,
    view: viewRule,
    target: targetOfRule,
  });
  resourceRoutes(app, {
    resource: DEFAULT_RULE,
    service: new DefaultRuleService(deps),
    policy,
    view: viewDefaultRule,
    target: () => ({}),
  });
}
