/** /servers/{id}/os-security-groups: HTTP in, HTTP out, no decisions. */
import type { SecurityGroupFacts, SecurityGroupRuleFacts } from '#network/network-api.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { GroupsOfServer, ServerSecurityGroups } from './server-security-group.service.ts';

type Id = { Params: { id: string } };

export function serverSecurityGroupRoutes(groups: ServerSecurityGroups): ComputeRoutes {
  return (app) => {
    app.get<Id>(
      '/servers/:id/os-security-groups',
      { config: { policy: 'os_compute_api:os-security-groups:list' } },
      async (request) => viewGroups(await groups.list(request.ctx, request.params.id)),
    );
  };
}

function viewGroups({ groups, remotes }: GroupsOfServer) {
  return {
    security_groups: groups
      .toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
      .map((group) => ({
        id: group.id,
        name: group.name,
        description: group.description,
        tenant_id: group.projectId,
        rules: group.rules.flatMap((rule) => viewRule(group.id, rule, remotes)),
      })),
  };
}

function sortKey({ projectId, name }: SecurityGroupFacts): string {
  return `${projectId} ${name}`;
}

/** compat: as nova-network had them: what may come in, from a group or from a network. */
function viewRule(
  groupId: string,
  rule: SecurityGroupRuleFacts,
  remotes: readonly SecurityGroupFacts[],
): readonly object[] {
  if (rule.direction !== 'ingress') return [];
  const remote = remotes.find(({ id }) => id === rule.remoteGroupId);
  // compat: a rule that names a group which the caller cannot see is left out.
  if (rule.remoteGroupId !== null && !remote) return [];
  return [
    {
      id: rule.id,
      parent_group_id: groupId,
      ip_protocol: rule.protocol,
      ...viewPorts(rule),
      group: remote ? { name: remote.name, tenant_id: remote.projectId } : {},
      // compat: from anywhere is said as IPv4, whatever the rule is for.
      ip_range: remote ? {} : { cidr: rule.remoteIpPrefix ?? '0.0.0.0/0' },
    },
  ];
}

function viewPorts({ protocol, portRangeMin, portRangeMax }: SecurityGroupRuleFacts) {
  if (protocol === null || portRangeMin !== null || portRangeMax !== null) {
    return { from_port: portRangeMin, to_port: portRangeMax };
  }
  // compat: all ports are said as a range, all types of ICMP as -1.
  const hasPorts = ['tcp', 'udp'].includes(protocol.toLowerCase());
  return hasPorts ? { from_port: 1, to_port: 65535 } : { from_port: -1, to_port: -1 };
}
