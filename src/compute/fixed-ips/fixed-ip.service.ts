/** One more address for a server's port, or one less: the ways of microversions below 2.44. */
import type { Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import type { NetworkApi, PortFacts } from '#network/network-api.ts';
import { badRequest, serverNotReady } from '../compute.faults.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import { checkLock } from '../servers/server-status.rules.ts';
import { networkNotOfServer, noMoreFixedIps } from './fixed-ip.faults.ts';

export type FixedIpsDeps = { readonly network: NetworkApi; readonly reader: ServerReader };

export class FixedIps {
  readonly #deps: FixedIpsDeps;

  constructor(deps: FixedIpsDeps) {
    this.#deps = deps;
  }

  /** Gives the server's first port on the network one more address, of the first of the network's subnets that has room. */
  async add(ctx: Context, id: string, networkId: string): Promise<void> {
    const { network } = this.#deps;
    const ports = await this.#portsOf(ctx, id, 'add');
    const port = ports.find((one) => one.networkId === networkId);
    const [facts] = port ? await network.findNetworks(ctx, [networkId]) : [];
    if (!port || !facts || facts.subnets.length === 0) throw networkNotOfServer(id);
    for (const subnet of facts.subnets) {
      try {
        const more = { subnetId: subnet.id };
        await network.changeFixedIps(ctx, port.id, (addresses) => [...addresses, more]);
        return;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'IpAddressGenerationFailure') throw error;
      }
    }
    throw noMoreFixedIps(networkId);
  }

  async remove(ctx: Context, id: string, address: string): Promise<void> {
    const ports = await this.#portsOf(ctx, id, 'remove');
    const port = ports.find(({ fixedIps }) => fixedIps.some(({ ip }) => ip === address));
    // compat: so said, whatever others it has.
    if (!port) throw badRequest(`Instance ${id} has zero fixed IPs.`);
    await this.#deps.network.changeFixedIps(ctx, port.id, (addresses) =>
      addresses.filter(({ ip }) => ip !== address),
    );
  }

  async #portsOf(ctx: Context, id: string, verb: 'add' | 'remove'): Promise<readonly PortFacts[]> {
    const { network, reader } = this.#deps;
    const server = await reader.get(ctx, id, `os_compute_api:os-multinic:${verb}`);
    checkLock(server, reader.isAdmin(ctx));
    if (server.host === '') throw serverNotReady(id);
    return (await network.portsOf(ctx, [id])).get(id) ?? [];
  }
}
