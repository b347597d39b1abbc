/** The old ways to floating IPs: what the network has of them, asked for in the caller's name. */
import type { Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { FloatingIpFacts, NetworkApi, PortFacts } from '#network/network-api.ts';
import { badRequest } from '../compute.faults.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import * as faults from './floating-ip.faults.ts';

export type FloatingIpDeps = {
  readonly policy: Policy;
  readonly network: NetworkApi;
  readonly reader: ServerReader;
};

/** A floating IP by its address, and the address of a server that it shall lead to. */
export type FloatingIpWanted = { readonly address: string; readonly fixed_address?: string };

/** Nova's own default is `nova`, which nobody has; DevStack's is what the first start of this cloud makes. */
const DEFAULT_POOL = 'public';

export class FloatingIps {
  readonly #deps: FloatingIpDeps;

  constructor(deps: FloatingIpDeps) {
    this.#deps = deps;
  }

  async pools(ctx: Context): Promise<readonly { readonly id: string; readonly name: string }[]> {
    this.#deps.policy.authorize(ctx, 'os_compute_api:os-floating-ip-pools');
    return await this.#deps.network.floatingIps.pools(ctx);
  }

  async list(ctx: Context): Promise<readonly FloatingIpFacts[]> {
    this.#authorize(ctx, 'list');
    return await this.#deps.network.floatingIps.list(ctx);
  }

  async get(ctx: Context, id: string): Promise<FloatingIpFacts> {
    this.#authorize(ctx, 'show');
    return await this.#find(ctx, id);
  }

  async create(ctx: Context, pool: string | null): Promise<FloatingIpFacts> {
    this.#authorize(ctx, 'create');
    const { floatingIps } = this.#deps.network;
    const wanted = pool || DEFAULT_POOL;
    const found = (await floatingIps.pools(ctx)).filter(
      ({ id, name }) => id === wanted || name === wanted,
    );
    const [network, ...more] = found;
    if (!network) throw faults.poolNotFound();
    if (more.length > 0) throw faults.severalPoolsNamed(wanted);
    try {
      return await floatingIps.create(ctx, network.id);
    } catch (error) {
      throw createFault(error, pool);
    }
  }

  async delete(ctx: Context, id: string): Promise<void> {
    this.#authorize(ctx, 'delete');
    await this.#find(ctx, id);
    await this.#deps.network.floatingIps.delete(ctx, id);
  }

  /** Lets a floating IP lead to a server: to the address named, or its first IPv4 address. */
  async add(
    ctx: Context,
    serverId: string,
    { address, fixed_address: wanted }: FloatingIpWanted,
  ): Promise<void> {
    const { network, reader } = this.#deps;
    await reader.get(ctx, serverId, 'os_compute_api:os-floating-ips:add');
    const ports = (await network.portsOf(ctx, [serverId])).get(serverId) ?? [];
    const to = targetOf(ports, { address, wanted, serverId });
    const [floatingIp, ...more] = await network.floatingIps.findByAddress(ctx, address);
    if (!floatingIp) throw faults.noFloatingIpToAdd();
    const way = { address, fixedIp: to.fixedIp, serverId };
    if (more.length > 0) {
      throw faults.cannotAssociate(way, faults.severalFloatingIpsAt(address).message);
    }
    try {
      await network.floatingIps.associate(ctx, floatingIp.id, to);
    } catch (error) {
      if (!(error instanceof Fault) || error.kind === 'internal') throw error;
      if (error.kind === 'forbidden') throw error;
      // compat: whatever is wrong with it is the request's fault.
      throw error.kind === 'conflict'
        ? badRequest(error.message)
        : faults.cannotAssociate(way, error.message);
    }
  }

  async remove(ctx: Context, serverId: string, address: string): Promise<void> {
    const { network, reader } = this.#deps;
    const [floatingIp, ...more] = await network.floatingIps.findByAddress(ctx, address);
    if (!floatingIp) throw faults.noFloatingIpAt(address);
    if (more.length > 0) throw faults.severalFloatingIpsAt(address);
    const { deviceId } = floatingIp;
    // compat: the server that it leads to is looked for first, whichever was named.
    if (deviceId !== null && deviceId !== '') {
      await reader.get(ctx, deviceId, 'os_compute_api:os-floating-ips:remove');
    }
    if (deviceId !== serverId) throw faults.notOfServer(address, serverId);
    await network.floatingIps.associate(ctx, floatingIp.id, null);
  }

  #authorize(ctx: Context, verb: string): void {
    this.#deps.policy.authorize(ctx, `os_compute_api:os-floating-ips:${verb}`, {
      project_id: ctx.projectId,
    });
  }

  async #find(ctx: Context, id: string): Promise<FloatingIpFacts> {
    const found = await this.#deps.network.floatingIps.find(ctx, id);
    if (!found) throw faults.floatingIpNotFound(id);
    return found;
  }
}

/** What Nova makes of a refusal of the network. */
function createFault(error: unknown, pool: string | null): unknown {
  if (!(error instanceof Fault)) return error;
  switch (error.code) {
    case 'IpAddressGenerationFailure':
    case 'ExternalIpAddressExhausted':
      return faults.poolExhausted(pool);
    case 'OverQuota':
      return faults.overQuota(pool);
    default:
      return error;
  }
}

/** The address of a server that a floating IP shall lead to. */
function targetOf(
  ports: readonly PortFacts[],
  {
    address,
    wanted,
    serverId,
  }: { readonly address: string; readonly wanted: string | undefined; readonly serverId: string },
): { readonly portId: string; readonly fixedIp: string } {
  if (ports.length === 0) throw faults.networkNotReady();
  const all = ports.flatMap((port) =>
    port.fixedIps.map(({ ip }) => ({ portId: port.id, fixedIp: ip })),
  );
  if (all.length === 0) throw faults.noFixedIps();
  if (wanted !== undefined) {
    const found = all.find(({ fixedIp }) => fixedIp === wanted);
    if (!found) throw faults.fixedIpNotOfServer();
    return found;
  }
  const first = all.find(({ fixedIp }) => !fixedIp.includes(':'));
  if (!first) throw faults.noFixedIpv4(address, serverId);
  return first;
}
