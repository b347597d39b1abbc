/** Compute services: which there are, and what an administrator says of them. */
import type { Context } from '#platform/context.ts';
import { flag, type Db } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { PlacementApi } from '#placement/placement-api.ts';
import { deleteHostFromAggregates } from '../aggregates/aggregate.store.ts';
import { booleanOf } from '../http/schema-parts.ts';
import { isUuid } from '../http/uuid.ts';
import { serversByHost } from '../servers/server.store.ts';
import { COMPUTE_BINARY, type ServiceEntry, type ServiceList } from './service-list.ts';
import * as faults from './service.faults.ts';
import type { ServiceActionBody, ServiceUpdateBody } from './service.schema.ts';
import { deleteComputeNode, updateComputeService, type ServiceChange } from './service.store.ts';

export type ServiceServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
  readonly list: ServiceList;
  readonly placement: PlacementApi;
};

/** What an action in the path made of a service. */
export type ServiceAnswer = {
  readonly host: string;
  readonly binary: string;
  readonly status?: 'enabled' | 'disabled';
  readonly disabled_reason?: string;
  readonly forced_down?: boolean;
};

const RULE = 'os_compute_api:os-services';

export class ServiceService {
  readonly #deps: ServiceServiceDeps;

  constructor(deps: ServiceServiceDeps) {
    this.#deps = deps;
  }

  /** An empty filter is none. */
  async list(
    ctx: Context,
    filters: { readonly host: string; readonly binary: string },
  ): Promise<readonly ServiceEntry[]> {
    const { db, policy, list } = this.#deps;
    policy.authorize(ctx, `${RULE}:list`);
    return (await list.list(db)).filter(
      ({ host, binary }) =>
        (filters.host === '' || host === filters.host) &&
        (filters.binary === '' || binary === filters.binary),
    );
  }

  /** Below 2.53: what is to be done is in the path. */
  async act(ctx: Context, action: string, body: ServiceActionBody): Promise<ServiceAnswer> {
    this.#deps.policy.authorize(ctx, `${RULE}:update`);
    const { host, binary, disabled_reason: reason } = body;
    switch (action) {
      case 'enable':
        await this.#updateNamed(body, { disabled: 0, disabled_reason: null });
        return { host, binary, status: 'enabled' };
      case 'disable':
        await this.#updateNamed(body, { disabled: 1, disabled_reason: null });
        return { host, binary, status: 'disabled' };
      case 'disable-log-reason':
        if (reason === undefined) throw faults.reasonMissing();
        await this.#updateNamed(body, { disabled: 1, disabled_reason: reason });
        return { host, binary, status: 'disabled', disabled_reason: reason };
      case 'force-down': {
        if (ctx.microversion < 11) throw faults.unknownAction();
        const down = booleanOf(body.forced_down);
        if (down === undefined) throw faults.forcedDownMissing();
        await this.#updateNamed(body, { forced_down: flag(down) });
        return { host, binary, forced_down: down };
      }
      default:
        throw faults.unknownAction();
    }
  }

  /** From 2.53 on. */
  async update(ctx: Context, id: string, body: ServiceUpdateBody): Promise<ServiceEntry> {
    const { db, policy, list } = this.#deps;
    if (!isUuid(id)) throw faults.malformedUuid(id);
    policy.authorize(ctx, `${RULE}:update`);
    const find = async () => (await list.list(db)).find((entry) => entry.id === id);
    const service = await find();
    if (!service) throw faults.serviceNotFound(id);
    if (service.binary !== COMPUTE_BINARY) throw faults.notCompute(service.binary);
    const { status, disabled_reason: reason, forced_down: forcedDown } = body;
    if (status === 'enabled' && reason !== undefined) throw faults.reasonWhenEnabled();
    if (status === undefined && forcedDown === undefined) throw faults.nothingToUpdate();
    await this.#save(service.host, {
      ...(status === 'enabled' && { disabled: 0, disabled_reason: null }),
      ...(status === 'disabled' && { disabled: 1, disabled_reason: reason ?? null }),
      ...(forcedDown !== undefined && { forced_down: flag(booleanOf(forcedDown) ?? false) }),
    });
    const updated = await find();
    if (!updated) throw faults.serviceNotFound(id);
    return updated;
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { db, policy, list, placement } = this.#deps;
    policy.authorize(ctx, `${RULE}:delete`);
    const byUuid = ctx.microversion >= 53;
    if (byUuid && !isUuid(id)) throw faults.malformedUuid(id);
    if (!byUuid && !/^[+-]?\d+$/.test(id)) throw faults.idNotInteger();
    await db.transaction().execute(async (tx) => {
      const service = (await list.list(tx)).find((entry) =>
        byUuid ? entry.id === id : entry.number === Number(id),
      );
      if (!service) throw faults.serviceToDeleteNotFound(id);
      if (service.binary !== COMPUTE_BINARY) throw faults.notComputeToDelete(service.binary);
      if (((await serversByHost(tx)).get(service.host) ?? 0) > 0) throw faults.hostsServers();
      await deleteHostFromAggregates(tx, service.host);
      const provider = await placement.findProvider(tx, service.host);
      if (provider) await placement.deleteProvider(tx, provider.id);
      await deleteComputeNode(tx, service.host);
    });
  }

  async #updateNamed({ host, binary }: ServiceActionBody, change: ServiceChange): Promise<void> {
    const { db, list } = this.#deps;
    if (binary !== COMPUTE_BINARY) throw faults.notCompute(binary);
    const all = await list.list(db);
    if (!all.some((entry) => entry.binary === binary && entry.host === host)) {
      throw faults.hostNotMapped(host);
    }
    await this.#save(host, change);
  }

  async #save(host: string, change: ServiceChange): Promise<void> {
    const { db, now } = this.#deps;
    await updateComputeService(db, host, { ...change, updated_at: now().toISOString() });
  }
}
