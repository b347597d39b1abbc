/** /v2.0/agents: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { AGENT } from './agent.schema.ts';
import type { AgentService } from './agent.service.ts';

export function agentRoutes(app: ServiceApp, agents: AgentService, policy: Policy): void {
  resourceRoutes(app, {
    resource: AGENT,
    service: agents,
    policy,
    view: (agent) => ({ ...agent }),
    target: () => ({}),
  });
}
