/** What can be done with the catalog's services. Authorises, gathers facts, writes once. */
import type { Context } from '#platform/context.ts';
import { flag } from '#platform/db/tables.ts';
import { checkSameId, extraOf, overlaid } from '../attributes.ts';
import type { IdentityCore } from '../identity-core.ts';
import { notFound } from '../identity.faults.ts';
import type { Listed, Listing } from '../listing.ts';
import { SERVICE_ATTRIBUTES, type ServiceCreate, type ServiceUpdate } from './service.schema.ts';
import * as store from './service.store.ts';

export class CatalogServiceService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, listing: Listing): Promise<Listed<store.ServiceRow>> {
    this.#core.policy.authorize(ctx, 'identity:list_services');
    return await store.listServices(this.#core.db, listing);
  }

  async show(ctx: Context, id: string): Promise<store.ServiceRow> {
    this.#core.policy.authorize(ctx, 'identity:get_service');
    return await this.#get(id);
  }

  async create(ctx: Context, wanted: ServiceCreate): Promise<store.ServiceRow> {
    const { policy, writes, newId } = this.#core;
    policy.authorize(ctx, 'identity:create_service');
    return await writes.run(
      async (tx) =>
        await store.insertService(tx, {
          id: newId(),
          type: wanted.type,
          name: wanted.name ?? '',
          enabled: flag(wanted.enabled ?? true),
          extra: JSON.stringify(extraOf(wanted, SERVICE_ATTRIBUTES)),
        }),
    );
  }

  async update(ctx: Context, id: string, change: ServiceUpdate): Promise<store.ServiceRow> {
    const { policy, writes } = this.#core;
    policy.authorize(ctx, 'identity:update_service');
    const service = await this.#get(id);
    checkSameId(change, id);
    return await writes.run(
      async (tx) =>
        await store.updateService(tx, id, {
          type: change.type ?? service.type,
          name: change.name ?? service.name,
          enabled: change.enabled === undefined ? service.enabled : flag(change.enabled),
          extra: JSON.stringify(overlaid(service.extra, extraOf(change, SERVICE_ATTRIBUTES))),
        }),
    );
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { policy, writes } = this.#core;
    policy.authorize(ctx, 'identity:delete_service');
    await this.#get(id);
    await writes.run(async (tx) => await store.deleteService(tx, id));
  }

  async #get(id: string): Promise<store.ServiceRow> {
    const service = await store.findService(this.#core.db, id);
    if (!service) throw notFound('service', id);
    return service;
  }
}
