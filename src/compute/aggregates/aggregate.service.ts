/** Aggregates: groups of hosts, for administrators. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { findComputeNode } from '../nodes/compute-node.store.ts';
import { serversByHost } from '../servers/server.store.ts';
import * as faults from './aggregate.faults.ts';
import { checkAddHost, checkMetadata, checkRemoveHost, mergeMetadata } from './aggregate.rules.ts';
import type { AggregateCreateBody, AggregateUpdateBody } from './aggregate.schema.ts';
import type { AggregateRow } from './aggregate.store.ts';
import * as store from './aggregate.store.ts';

export type AggregateServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
  readonly newId: () => string;
};

const RULE = 'os_compute_api:os-aggregates';

export class AggregateService {
  readonly #deps: AggregateServiceDeps;

  constructor(deps: AggregateServiceDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context): Promise<readonly AggregateRow[]> {
    this.#deps.policy.authorize(ctx, `${RULE}:index`);
    return await store.listAggregates(this.#deps.db);
  }

  async get(ctx: Context, id: string): Promise<AggregateRow> {
    this.#deps.policy.authorize(ctx, `${RULE}:show`);
    return await get(this.#deps.db, numberOf(id));
  }

  async create(ctx: Context, { aggregate }: AggregateCreateBody): Promise<AggregateRow> {
    const { db, policy, now, newId } = this.#deps;
    policy.authorize(ctx, `${RULE}:create`);
    const zone = aggregate.availability_zone;
    return await db.transaction().execute(async (tx) => {
      await checkName(tx, aggregate.name);
      const number = await store.insertAggregate(tx, {
        id: newId(),
        name: aggregate.name,
        metadata: zone ? { availability_zone: zone } : {},
        created_at: now().toISOString(),
      });
      return await get(tx, number);
    });
  }

  async update(
    ctx: Context,
    id: string,
    { aggregate: { name, ...metadata } }: AggregateUpdateBody,
  ): Promise<AggregateRow> {
    this.#deps.policy.authorize(ctx, `${RULE}:update`);
    return await this.#change(id, async (tx, aggregate, facts) => {
      const renamed = name?.trim() ?? aggregate.name;
      if (renamed !== aggregate.name) await checkName(tx, renamed);
      checkMetadata('update', aggregate, metadata, facts);
      await this.#save(tx, { ...aggregate, name: renamed }, metadata);
    });
  }

  async setMetadata(
    ctx: Context,
    id: string,
    metadata: Readonly<Record<string, string | null>>,
  ): Promise<AggregateRow> {
    this.#deps.policy.authorize(ctx, `${RULE}:set_metadata`);
    return await this.#change(id, async (tx, aggregate, facts) => {
      checkMetadata('update-metadata', aggregate, metadata, facts);
      await this.#save(tx, aggregate, metadata);
    });
  }

  async delete(ctx: Context, id: string): Promise<void> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${RULE}:delete`);
    const number = numberOf(id);
    await db.transaction().execute(async (tx) => {
      const { hosts } = await get(tx, number);
      if (hosts.length > 0) throw faults.aggregateNotEmpty(number);
      await store.deleteAggregate(tx, number);
    });
  }

  async addHost(ctx: Context, id: string, host: string): Promise<AggregateRow> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${RULE}:add_host`);
    numberOf(id);
    // compat: the host is looked for before the aggregate.
    if (!(await findComputeNode(db, host))) throw faults.computeHostNotFound(host);
    return await this.#change(id, async (tx, aggregate, facts) => {
      checkAddHost(aggregate, host, facts);
      await store.insertAggregateHost(tx, aggregate.number, host);
    });
  }

  async removeHost(ctx: Context, id: string, host: string): Promise<AggregateRow> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, `${RULE}:remove_host`);
    const number = numberOf(id);
    const aggregates = await store.listAggregates(db);
    const found = aggregates.find((aggregate) => aggregate.number === number);
    // compat: whatever is missing, this is what is said.
    if (!found?.hosts.includes(host)) throw faults.hostNotInAggregate(id, host);
    return await this.#change(id, async (tx, aggregate, facts) => {
      checkRemoveHost(aggregate, host, facts);
      await store.deleteAggregateHost(tx, number, host);
    });
  }

  /** Changes one aggregate with everything that zones depend on in view. */
  async #change(
    id: string,
    change: (
      tx: Tx,
      aggregate: AggregateRow,
      facts: {
        readonly all: readonly AggregateRow[];
        readonly serversByHost: ReadonlyMap<string, number>;
      },
    ) => Promise<void>,
  ): Promise<AggregateRow> {
    const number = numberOf(id);
    return await this.#deps.db.transaction().execute(async (tx) => {
      const all = await store.listAggregates(tx);
      const aggregate = all.find((one) => one.number === number);
      if (!aggregate) throw faults.aggregateNotFound(id);
      await change(tx, aggregate, { all, serversByHost: await serversByHost(tx) });
      return await get(tx, number);
    });
  }

  async #save(
    tx: Tx,
    { number, name, metadata }: AggregateRow,
    change: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    await store.updateAggregate(tx, number, {
      name,
      metadata: mergeMetadata(metadata, change),
      updated_at: this.#deps.now().toISOString(),
    });
  }
}

async function get(db: Db, number: number): Promise<AggregateRow> {
  const found = (await store.listAggregates(db)).find((one) => one.number === number);
  if (!found) throw faults.aggregateNotFound(String(number));
  return found;
}

async function checkName(tx: Tx, name: string): Promise<void> {
  const all = await store.listAggregates(tx);
  if (all.some((aggregate) => aggregate.name === name)) throw faults.aggregateExists(name);
}

function numberOf(id: string): number {
  if (!/^[+-]?\d+$/.test(id)) throw faults.idNotInteger();
  return Number(id);
}
