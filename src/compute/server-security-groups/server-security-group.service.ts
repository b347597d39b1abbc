/** The security groups of a server: those of its ports, added to and taken from all of them at once. */
import { isJsonObject } from '#base/json.ts';
import type { Context } from '#platform/context.ts';
import type { NetworkApi, PortFacts, SecurityGroupFacts } from '#network/network-api.ts';
import { securityGroupsCannotApply } from '../servers/server-network.faults.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import * as faults from './server-security-group.faults.ts';

export type ServerSecurityGroupDeps = {
  readonly network: NetworkApi;
  readonly reader: ServerReader;
};

/** Groups of a server, and what the rules of these name. */
export type GroupsOfServer = {
  readonly groups: readonly SecurityGroupFacts[];
  /** Groups that rules have as their remote, as far as the caller can see them. */
  readonly remotes: readonly SecurityGroupFacts[];
};

const RULE = 'os_compute_api:os-security-groups';

export class ServerSecurityGroups {
  readonly #deps: ServerSecurityGroupDeps;

  constructor(deps: ServerSecurityGroupDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, id: string): Promise<GroupsOfServer> {
    const { network, reader } = this.#deps;
    await reader.get(ctx, id, `${RULE}:list`);
    const ports = await this.#ports(ctx, id);
    const groups = await network.securityGroups(ctx, [
      ...new Set(ports.flatMap((port) => port.securityGroups.map((group) => group.id))),
    ]);
    const named = groups.flatMap(({ rules }) => rules.flatMap((rule) => rule.remoteGroupId ?? []));
    return { groups, remotes: await network.securityGroups(ctx, [...new Set(named)]) };
  }

  /** `wanted` is what the body says: `{"name": <name or id>}`. */
  async add(ctx: Context, id: string, wanted: unknown): Promise<void> {
    const { network } = this.#deps;
    const { groupId, ports } = await this.#find(ctx, id, 'add', wanted);
    // Unlike Nova, a port without an address has groups as any other; and either all ports are changed or none is.
    if (!ports.every((port) => port.portSecurityEnabled)) throw securityGroupsCannotApply();
    for (const port of ports) await network.ensurePortInGroup(ctx, port.id, groupId);
  }

  async remove(ctx: Context, id: string, wanted: unknown): Promise<void> {
    const { network } = this.#deps;
    const { name, groupId, ports } = await this.#find(ctx, id, 'remove', wanted);
    const inGroup = ports.filter((port) =>
      port.securityGroups.some(({ id: has }) => has === groupId),
    );
    if (inGroup.length === 0) throw faults.groupNotOnServer(name, id);
    for (const port of inGroup) await network.ensurePortNotInGroup(ctx, port.id, groupId);
  }

  async #find(
    ctx: Context,
    id: string,
    verb: 'add' | 'remove',
    wanted: unknown,
  ): Promise<{
    readonly name: string;
    readonly groupId: string;
    readonly ports: readonly PortFacts[];
  }> {
    const { network, reader } = this.#deps;
    await reader.get(ctx, id, `${RULE}:${verb}`);
    const name = nameOf(wanted);
    const [group] = await network.findSecurityGroups(ctx, [name]);
    if (!group) throw faults.groupNotFound(name, ctx.projectId);
    const ports = await this.#ports(ctx, id);
    if (ports.length === 0) throw faults.noPorts(id);
    return { name, groupId: group.id, ports };
  }

  async #ports(ctx: Context, id: string): Promise<readonly PortFacts[]> {
    return (await this.#deps.network.portsOf(ctx, [id])).get(id) ?? [];
  }
}

function nameOf(wanted: unknown): string {
  if (!isJsonObject(wanted)) throw faults.nameMissing();
  const { name } = wanted;
  if (name === undefined) throw faults.nameNotGiven();
  if (typeof name !== 'string' || name.trim() === '') throw faults.nameEmpty();
  return name;
}
