/** What other services may ask of floating IPs. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { FloatingIpApi, FloatingIpFacts } from '../network-api.ts';
import { findNetworksById, listExternalNetworks } from '../networks/network.store.ts';
import type { FloatingIpService } from './floating-ip.service.ts';
import {
  findVisibleByAddress,
  findVisibleFloatingIp,
  listOwnFloatingIps,
  wholeFloatingIps,
  type FloatingIpRow,
} from './floating-ip.store.ts';

export type FloatingIpFrontDeps = { readonly db: Db; readonly floatingIps: FloatingIpService };

export class FloatingIpFront implements FloatingIpApi {
  readonly #deps: FloatingIpFrontDeps;

  constructor(deps: FloatingIpFrontDeps) {
    this.#deps = deps;
  }

  async pools(ctx: Context): Promise<readonly { readonly id: string; readonly name: string }[]> {
    return await listExternalNetworks(this.#deps.db, ctx);
  }

  async list(ctx: Context): Promise<readonly FloatingIpFacts[]> {
    return await this.#facts(await listOwnFloatingIps(this.#deps.db, ctx.projectId));
  }

  async find(ctx: Context, id: string): Promise<FloatingIpFacts | undefined> {
    const row = await findVisibleFloatingIp(this.#deps.db, ctx, id);
    return row && (await this.#facts([row]))[0];
  }

  async findByAddress(ctx: Context, ip: string): Promise<readonly FloatingIpFacts[]> {
    return await this.#facts(await findVisibleByAddress(this.#deps.db, ctx, ip));
  }

  async create(ctx: Context, networkId: string): Promise<FloatingIpFacts> {
    const values = {
      project_id: ctx.projectId,
      description: '',
      floating_network_id: networkId,
      subnet_id: null,
      floating_ip_address: null,
      port_id: null,
      fixed_ip_address: null,
      dns_name: '',
      dns_domain: '',
    };
    const made = await this.#deps.floatingIps.create(ctx, [{ values, chosen: {} }]);
    const facts = await this.#facts(made.map(({ row }) => row));
    return facts[0] as FloatingIpFacts;
  }

  async delete(ctx: Context, id: string): Promise<void> {
    await this.#deps.floatingIps.delete(ctx, id);
  }

  async associate(
    ctx: Context,
    id: string,
    to: { readonly portId: string; readonly fixedIp: string } | null,
  ): Promise<void> {
    const values = { port_id: to?.portId ?? null, ...(to && { fixed_ip_address: to.fixedIp }) };
    await this.#deps.floatingIps.update(ctx, id, { values, chosen: values });
  }

  async #facts(rows: readonly FloatingIpRow[]): Promise<readonly FloatingIpFacts[]> {
    const { db } = this.#deps;
    const networks = await findNetworksById(db, [
      ...new Set(rows.map((row) => row.floating_network_id)),
    ]);
    return (await wholeFloatingIps(db, rows)).map(({ row, port }) => ({
      id: row.id,
      ip: row.floating_ip_address,
      pool: networks.get(row.floating_network_id)?.name || row.floating_network_id,
      fixedIp: row.fixed_ip_address,
      deviceId: port?.device_id ?? null,
    }));
  }
}
