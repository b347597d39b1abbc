/** What can be done with ports. Authorises, gathers facts, applies the rules, writes once, tells the hosts. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { membersOf, type LongList } from '#platform/http/long-list.ts';
import { authorizeChange } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import type { Sent } from '../attributes/request-body.ts';
import type { ResourceService } from '../attributes/resource.routes.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import { DHCP_OWNER } from '../binding/binding.rules.ts';
import { releaseAddresses, releasePort } from '../floating-ips/port-release.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { portNotFound } from '../network.faults.ts';
import { ensureDhcpPort } from './dhcp-port.ts';
import { isServicePort } from '../routers/router.store.ts';
import { createPort } from './port-create.ts';
import { findVisiblePort, listPortIds } from './port-list.store.ts';
import { targetOfPort } from './port-target.ts';
import { changePort } from './port-update.ts';
import { checkAddressChange, checkDeletable } from './port.rules.ts';
import { PORT, type PortCreate, type PortUpdate } from './port.schema.ts';
import { deletePorts, findPorts, type PortRow } from './port.store.ts';
import { tellPort } from './tell-port.ts';
import { wholePort, wholePorts, type Port } from './whole-port.store.ts';

export class PortService implements ResourceService<typeof PORT, Port> {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly Port[] | LongList<Port>> {
    const { db } = this.#deps;
    const { marker } = query.page;
    const after = marker === null ? undefined : await this.#visible(db, ctx, marker);
    const ids = await listPortIds(db, ctx, query, after);
    return await membersOf(ids, async (some) => {
      const read = db.transaction();
      return await read.execute(async (tx) => await wholePorts(tx, await findPorts(tx, some)));
    });
  }

  async get(ctx: Context, id: string): Promise<Port> {
    return await this.#deps.db
      .transaction()
      .execute(async (tx) => await wholePort(tx, await this.#visible(tx, ctx, id)));
  }

  /** `id` is chosen by callers that may ask twice for the same port. */
  async create(
    ctx: Context,
    items: readonly (Sent<PortCreate> & { readonly id?: string })[],
  ): Promise<readonly Port[]> {
    const { db } = this.#deps;
    const ports = await db.transaction().execute(async (tx) => {
      const rows: PortRow[] = [];
      for (const item of items) rows.push(await createPort(this.#deps, tx, ctx, item));
      return await wholePorts(tx, rows);
    });
    for (const [networkId, ids] of byNetwork(ports)) {
      await this.#deps.hosts.portsChanged(networkId, ids);
    }
    return ports;
  }

  /** What is wanted may depend on what the port is. */
  async update(
    ctx: Context,
    id: string,
    wanted: Sent<PortUpdate> | ((port: Port) => Sent<PortUpdate>),
    ifMatch?: number,
  ): Promise<Port> {
    const { db, policy, hosts, now } = this.#deps;
    const { before, after, routers } = await db.transaction().execute(async (tx) => {
      const port = await wholePort(tx, await this.#visible(tx, ctx, id));
      const { values, chosen } = typeof wanted === 'function' ? wanted(port) : wanted;
      const target = targetOfPort(
        { ...port.row, device_owner: values.device_owner ?? port.row.device_owner },
        port.network,
      );
      authorizeChange(policy, ctx, PORT, { action: 'update', target, chosen });
      checkRevision(ifMatch, port.row.revision_number);
      const changed = await changePort(this.#deps, tx, ctx, { before: port, values });
      if (values.fixed_ips && (await isServicePort(tx, port.row))) {
        checkAddressChange(port.row, port.fixedIps, changed.fixedIps);
      }
      const released = values.fixed_ips
        ? await releaseAddresses(tx, id, changed.fixedIps, timestamp(now()))
        : [];
      return { before: port, after: changed, routers: released };
    });
    if (routers.length > 0) await hosts.routersChanged(routers);
    await tellPort(this.#deps, before, after);
    return after;
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, hosts, events, policy, now } = this.#deps;
    const { port, routers } = await db.transaction().execute(async (tx) => {
      const found = await wholePort(tx, await this.#visible(tx, ctx, id));
      authorizeChange(policy, ctx, PORT, {
        action: 'delete',
        target: targetOfPort(found.row, found.network),
        chosen: {},
      });
      checkRevision(ifMatch, found.row.revision_number);
      checkDeletable(found.row, { served: await isServicePort(tx, found.row) });
      const released = await releasePort(tx, ctx, id, timestamp(now()));
      await deletePorts(tx, [id]);
      // A DHCP server that is still wanted gets another port.
      if (found.row.device_owner === DHCP_OWNER) {
        await ensureDhcpPort(this.#deps, tx, found.network);
      }
      return { port: found, routers: released };
    });
    if (routers.length > 0) await hosts.routersChanged(routers);
    await hosts.portsChanged(port.row.network_id, [id]);
    events.emit('deleted', port.row);
  }

  async #visible(db: Db, ctx: Context, id: string): Promise<PortRow> {
    const row = await findVisiblePort(db, ctx, id);
    if (!row) throw portNotFound(id);
    return row;
  }
}

function byNetwork(ports: readonly Port[]): ReadonlyMap<string, readonly string[]> {
  const ids = Map.groupBy(ports, (port) => port.row.network_id);
  return new Map([...ids].map(([networkId, own]) => [networkId, own.map((port) => port.row.id)]));
}
