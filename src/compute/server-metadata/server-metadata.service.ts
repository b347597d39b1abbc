/** Names and values that a user gives to a server. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { Fault } from '#platform/fault.ts';
import { metadataLimitExceeded } from '../compute.faults.ts';
import { ownMember } from '../http/own.ts';
import { limitsOf } from '../quota-defaults.ts';
import type { ServerActions } from '../servers/server-actions.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import { metadataOf } from '../servers/server-row.ts';

export type Metadata = Readonly<Record<string, string>>;

export type ServerMetadataDeps = {
  readonly db: Db;
  readonly reader: ServerReader;
  readonly actions: ServerActions;
};

const RULE = 'os_compute_api:server-metadata';

const itemNotFound = () =>
  new Fault('not-found', 'InstanceMetadataNotFound', 'Metadata item was not found');

export class ServerMetadata {
  readonly #deps: ServerMetadataDeps;

  constructor(deps: ServerMetadataDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, id: string): Promise<Metadata> {
    return metadataOf(await this.#deps.reader.get(ctx, id, `${RULE}:index`));
  }

  async get(ctx: Context, id: string, key: string): Promise<string> {
    const row = await this.#deps.reader.get(ctx, id, `${RULE}:show`);
    const value = ownMember(metadataOf(row), key);
    if (value === undefined) throw itemNotFound();
    return value;
  }

  /** Adds to what there is. */
  async merge(
    ctx: Context,
    id: string,
    verb: 'create' | 'update',
    given: Metadata,
  ): Promise<Metadata> {
    return await this.#write(ctx, id, verb, (present) => ({ ...present, ...given }));
  }

  /** Takes the place of what there is. */
  async replace(ctx: Context, id: string, given: Metadata): Promise<Metadata> {
    return await this.#write(ctx, id, 'update_all', () => given);
  }

  async delete(ctx: Context, id: string, key: string): Promise<void> {
    await this.#write(ctx, id, 'delete', (present) => {
      if (!Object.hasOwn(present, key)) throw itemNotFound();
      return Object.fromEntries(Object.entries(present).filter(([name]) => name !== key));
    });
  }

  async #write(
    ctx: Context,
    id: string,
    verb: string,
    change: (present: Metadata) => Metadata,
  ): Promise<Metadata> {
    const { db, actions } = this.#deps;
    const most = (await limitsOf(db, ctx.projectId)).metadata_items;
    const row = await actions.describe(ctx, id, `${RULE}:${verb}`, 'update_metadata', (server) => {
      const next = change(metadataOf(server));
      if (most >= 0 && Object.keys(next).length > most) throw metadataLimitExceeded(most);
      return { metadata: JSON.stringify(next) };
    });
    return metadataOf(row);
  }
}
