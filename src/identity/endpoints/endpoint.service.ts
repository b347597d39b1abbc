/** What can be done with endpoints. Authorises, gathers facts, writes once. */
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tx } from '#platform/db/tables.ts';
import { checkSameId, extraOf, overlaid } from '../attributes.ts';
import { ensureRegion } from '../bootstrap/bootstrap.store.ts';
import { isTemplateValid, shownUrl } from '../catalog/catalog.rules.ts';
import type { IdentityCore } from '../identity-core.ts';
import { expecting, invalidEndpointUrl, notFound } from '../identity.faults.ts';
import { viewAll, type Listed, type Listing } from '../listing.ts';
import { findRegion } from '../regions/region.store.ts';
import { findService } from '../services/service.store.ts';
import {
  ENDPOINT_ATTRIBUTES,
  type EndpointCreate,
  type EndpointUpdate,
} from './endpoint.schema.ts';
import * as store from './endpoint.store.ts';

export class EndpointService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  async list(ctx: Context, listing: Listing): Promise<Listed<store.EndpointRow>> {
    this.#core.policy.authorize(ctx, 'identity:list_endpoints');
    const listed = await store.listEndpoints(this.#core.db, listing);
    return viewAll(listed, (row) => this.#shown(row));
  }

  async show(ctx: Context, id: string): Promise<store.EndpointRow> {
    this.#core.policy.authorize(ctx, 'identity:get_endpoint');
    return this.#shown(await this.#get(id));
  }

  async create(ctx: Context, wanted: EndpointCreate): Promise<store.EndpointRow> {
    const { policy, writes, newId } = this.#core;
    policy.authorize(ctx, 'identity:create_endpoint');
    if (!isTemplateValid(wanted.url)) throw invalidEndpointUrl(wanted.url);
    const row = await writes.run(async (tx) => {
      const region_id = (await regionOf(tx, wanted)) ?? null;
      await checkService(tx, wanted.service_id);
      return await store.insertEndpoint(tx, {
        id: newId(),
        service_id: wanted.service_id,
        region_id,
        interface: wanted.interface,
        url: wanted.url,
        enabled: flag(wanted.enabled ?? true),
        extra: JSON.stringify(extraOf(wanted, ENDPOINT_ATTRIBUTES)),
      });
    });
    return this.#shown(row);
  }

  async update(ctx: Context, id: string, change: EndpointUpdate): Promise<store.EndpointRow> {
    const { policy, writes } = this.#core;
    policy.authorize(ctx, 'identity:update_endpoint');
    const endpoint = await this.#get(id);
    checkSameId(change, id);
    if (change.url !== undefined && !isTemplateValid(change.url)) {
      throw invalidEndpointUrl(change.url);
    }
    const row = await writes.run(async (tx) => {
      const region_id = await regionOf(tx, change);
      if (change.service_id !== undefined) await checkService(tx, change.service_id);
      return await store.updateEndpoint(tx, id, {
        service_id: change.service_id ?? endpoint.service_id,
        region_id: region_id === undefined ? endpoint.region_id : region_id,
        interface: change.interface ?? endpoint.interface,
        url: change.url ?? endpoint.url,
        enabled: change.enabled === undefined ? endpoint.enabled : flag(change.enabled),
        extra: JSON.stringify(overlaid(endpoint.extra, extraOf(change, ENDPOINT_ATTRIBUTES))),
      });
    });
    return this.#shown(row);
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { policy, writes } = this.#core;
    policy.authorize(ctx, 'identity:delete_endpoint');
    await this.#get(id);
    await writes.run(async (tx) => await store.deleteEndpoint(tx, id));
  }

  async #get(id: string): Promise<store.EndpointRow> {
    const endpoint = await store.findEndpoint(this.#core.db, id);
    if (!endpoint) throw notFound('endpoint', id);
    return endpoint;
  }

  #shown(row: store.EndpointRow): store.EndpointRow {
    return { ...row, url: shownUrl(row.url, this.#core.publicUrl()) };
  }
}

/** The region that is asked for; undefined when none is spoken of. */
async function regionOf(
  tx: Tx,
  wanted: { region_id?: string | null; region?: string | null },
): Promise<string | null | undefined> {
  if (wanted.region_id === undefined || wanted.region_id === null) {
    if (wanted.region === undefined || wanted.region === null) return wanted.region_id;
    await ensureRegion(tx, wanted.region);
    return wanted.region;
  }
  if (!(await findRegion(tx, wanted.region_id))) {
    throw expecting('endpoint region_id', 'region table');
  }
  return wanted.region_id;
}

async function checkService(db: Db, id: string): Promise<void> {
  if (!(await findService(db, id))) throw expecting('endpoint service_id', 'service table');
}
