/** What can be known of a port's storm events. Whoever may see the port may see them. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { stormEventNotFound } from '../network.faults.ts';
import type { FindPort } from '../ports/find-port.ts';
import { findStormEvent, listStormEvents, type StormEventRow } from './storm-event.store.ts';

export type StormEventDeps = { readonly db: Db; readonly findPort: FindPort };

export class StormEventService {
  readonly #deps: StormEventDeps;

  constructor(deps: StormEventDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, portId: string, query: ListQuery): Promise<readonly StormEventRow[]> {
    const { db, findPort } = this.#deps;
    await findPort(ctx, portId);
    const { marker } = query.page;
    const after = marker === null ? undefined : await findStormEvent(db, portId, marker);
    if (marker !== null && !after) throw stormEventNotFound(marker);
    return await listStormEvents(db, portId, query, after);
  }
}
