/** What can be done with routers. Authorises, gathers facts, applies the rules, writes once, tells the hosts. */
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tx } from '#platform/db/tables.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { updateRow } from '../attributes/list.store.ts';
import { readUpdate, type Sent } from '../attributes/request-body.ts';
import type { ResourceService } from '../attributes/resource.routes.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import { checkZones } from '../availability-zones/availability-zone.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { checkQuotas, quotaOf } from '../quotas/check-quota.ts';
import { checkRoom } from '../quotas/quota.rules.ts';
import { changeGateway, removeGateway, routesOf } from './router-gateway.ts';
import {
  addInterface,
  removeInterface,
  type Interface,
  type InterfaceDeps,
} from './router-interfaces.ts';
import { routerInUse, routerNotFound } from './router.faults.ts';
import {
  checkKind,
  checkRoutes,
  checkRoutesBody,
  reachOf,
  readInterface,
  withoutRoutes,
  withRoutes,
} from './router.rules.ts';
import {
  ROUTER,
  type InterfaceWanted,
  type Route,
  type RouterCreate,
  type RouterUpdate,
} from './router.schema.ts';
import * as store from './router.store.ts';

export class RouterService implements ResourceService<typeof ROUTER, store.Router> {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly store.Router[]> {
    const { marker } = query.page;
    return await this.#deps.db.transaction().execute(async (tx) => {
      const after = marker === null ? undefined : await this.#visible(tx, ctx, marker);
      return await store.wholeRouters(tx, await store.listRouters(tx, ctx, query, after));
    });
  }

  async get(ctx: Context, id: string): Promise<store.Router> {
    return await this.#deps.db
      .transaction()
      .execute(async (tx) => await store.wholeRouter(tx, await this.#visible(tx, ctx, id)));
  }

  async create(
    ctx: Context,
    items: readonly Sent<RouterCreate>[],
  ): Promise<readonly store.Router[]> {
    const { db } = this.#deps;
    const routers = await db.transaction().execute(async (tx) => {
      await checkQuotas(
        tx,
        'router',
        items.map(({ values }) => values),
      );
      const rows: store.RouterRow[] = [];
      for (const item of items) rows.push(await this.#create(tx, ctx, item));
      return await store.wholeRouters(tx, rows);
    });
    for (const router of routers) await this.#tell(router.row.id, gatewayNetworks(router));
    return routers;
  }

  async #create(
    tx: Tx,
    ctx: Context,
    { values, chosen }: Sent<RouterCreate>,
  ): Promise<store.RouterRow> {
    const { policy, newId, now } = this.#deps;
    authorizeCreate(policy, ctx, ROUTER, { target: targetOf(values.project_id), chosen });
    checkKind(values);
    checkZones(values.availability_zone_hints);
    const at = timestamp(now());
    const row: store.RouterRow = {
      id: newId(),
      project_id: values.project_id,
      name: values.name,
      description: values.description,
      admin_state_up: flag(values.admin_state_up),
      // compat: Neutron's routers are ACTIVE from the start, and clients wait for that.
      status: 'ACTIVE',
      status_reason: null,
      gateway_port_id: null,
      enable_snat: flag(true),
      routes: '[]',
      availability_zone_hints: JSON.stringify(values.availability_zone_hints),
      distributed: flag(false),
      ha: flag(false),
      host: '',
      revision_number: 1,
      created_at: at,
      updated_at: at,
    };
    await store.insertRouter(tx, row);
    const gateway = values.external_gateway_info;
    if (gateway?.network_id === undefined) return row;
    const columns = await changeGateway({ deps: this.#deps, tx, ctx }, row, gateway);
    return await updateRow(tx, 'routers', row.id, columns);
  }

  async update(
    ctx: Context,
    id: string,
    change: Sent<RouterUpdate>,
    ifMatch?: number,
  ): Promise<store.Router> {
    return await this.#update(ctx, id, (row) => {
      const target = targetOfRouter({ row });
      const { chosen } = change;
      authorizeChange(this.#deps.policy, ctx, ROUTER, { action: 'update', target, chosen });
      checkRevision(ifMatch, row.revision_number);
      return change.values;
    });
  }

  /** Adds routes to those that the router has, whatever these are. */
  async addRoutes(ctx: Context, id: string, body: unknown): Promise<store.Router> {
    return await this.#changeRoutes(ctx, id, body, 'add_extraroutes', withRoutes);
  }

  /** Takes routes from those that the router has. One that it does not have is no error. */
  async removeRoutes(ctx: Context, id: string, body: unknown): Promise<store.Router> {
    return await this.#changeRoutes(ctx, id, body, 'remove_extraroutes', withoutRoutes);
  }

  async #changeRoutes(
    ctx: Context,
    id: string,
    body: unknown,
    rule: string,
    change: (routes: readonly Route[], sent: readonly Route[]) => readonly Route[],
  ): Promise<store.Router> {
    return await this.#update(ctx, id, (row) => {
      this.#deps.policy.authorize(ctx, rule, targetOfRouter({ row }));
      checkRoutesBody(body);
      const { values } = readUpdate(ctx, ROUTER, body);
      return { routes: change(routesOf(row), values.routes ?? []) };
    });
  }

  async #update(
    ctx: Context,
    id: string,
    valuesFor: (row: store.RouterRow) => RouterUpdate,
  ): Promise<store.Router> {
    const { db, now } = this.#deps;
    const { before, after } = await db.transaction().execute(async (tx) => {
      const whole = await store.wholeRouter(tx, await this.#visible(tx, ctx, id));
      const { row } = whole;
      const values = valuesFor(row);
      checkKind(values);
      const routes = values.routes && (await this.#checkedRoutes(tx, row, values.routes));
      const wanted = values.external_gateway_info;
      const gateway =
        wanted === undefined
          ? {}
          : await changeGateway(
              { deps: this.#deps, tx, ctx },
              { ...row, ...(routes && { routes }) },
              wanted,
            );
      const changed = await updateRow(tx, 'routers', id, {
        ...(values.name !== undefined && { name: values.name }),
        ...(values.description !== undefined && { description: values.description }),
        ...(values.admin_state_up !== undefined && { admin_state_up: flag(values.admin_state_up) }),
        ...(routes && { routes }),
        ...gateway,
        updated_at: timestamp(now()),
      });
      return { before: whole, after: await store.wholeRouter(tx, changed) };
    });
    const moved = after.row.gateway_port_id !== before.row.gateway_port_id;
    await this.#tell(id, moved ? gatewayNetworks(before, after) : []);
    return after;
  }

  /** The routes as they are kept. compat: Neutron counts them as a quota, of each router by itself. */
  async #checkedRoutes(tx: Tx, router: store.RouterRow, routes: readonly Route[]): Promise<string> {
    checkRoutes(routes, reachOf(await store.portsOfRouter(tx, router)));
    const { limit } = await quotaOf(tx, router.project_id, 'router_route');
    checkRoom('router_route', { limit, used: 0, wanted: routes.length });
    return JSON.stringify(routes);
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, policy } = this.#deps;
    const networkIds = await db.transaction().execute(async (tx) => {
      const row = await this.#visible(tx, ctx, id);
      const target = targetOfRouter({ row });
      authorizeChange(policy, ctx, ROUTER, { action: 'delete', target, chosen: {} });
      checkRevision(ifMatch, row.revision_number);
      const ports = await store.portsOfRouter(tx, row);
      const inside = ports.filter((port) => !port.isGateway);
      if (inside.length > 0) {
        throw routerInUse(
          id,
          inside.map((port) => port.id),
        );
      }
      for (const port of ports) await removeGateway(tx, row, port);
      await store.deleteRouter(tx, id);
      return ports.map((port) => port.network_id);
    });
    await this.#tell(id, networkIds);
  }

  async addInterface(ctx: Context, id: string, body: unknown): Promise<Interface> {
    return await this.#changeInterface(ctx, id, 'add_router_interface', async (all, row) => {
      return await addInterface(all, row, readInterface(body, { forRemoval: false }));
    });
  }

  async removeInterface(ctx: Context, id: string, body: unknown): Promise<Interface> {
    return await this.#changeInterface(ctx, id, 'remove_router_interface', async (all, row) => {
      const wanted: InterfaceWanted = readInterface(body, { forRemoval: true });
      return await removeInterface(all, row, wanted);
    });
  }

  async #changeInterface(
    ctx: Context,
    id: string,
    rule: string,
    change: (all: InterfaceDeps, row: store.RouterRow) => Promise<Interface>,
  ): Promise<Interface> {
    const { db, hosts, policy, now } = this.#deps;
    const { port, subnets } = await db.transaction().execute(async (tx) => {
      const row = await this.#visible(tx, ctx, id);
      policy.authorize(ctx, rule, targetOfRouter({ row }));
      const done = await change({ deps: this.#deps, tx, ctx }, row);
      await updateRow(tx, 'routers', id, { updated_at: timestamp(now()) });
      return done;
    });
    await hosts.routersChanged([id]);
    // Whoever was in a security group is not as an interface.
    await hosts.portsChanged(port.network_id, [port.id]);
    return { port, subnets };
  }

  /** `networkIds`: where other addresses are taken now than before, of all of which DHCP servers know. */
  async #tell(id: string, networkIds: readonly string[]): Promise<void> {
    const { hosts } = this.#deps;
    await hosts.routersChanged([id]);
    for (const networkId of networkIds) await hosts.portsChanged(networkId, []);
  }

  async #visible(db: Db, ctx: Context, id: string): Promise<store.RouterRow> {
    const row = await store.findVisibleRouter(db, ctx, id);
    if (!row) throw routerNotFound(id);
    return row;
  }
}

function gatewayNetworks(...routers: readonly store.Router[]): readonly string[] {
  return routers.flatMap(({ gateway }) => gateway?.networkId ?? []);
}

/** Whose a router is, as policies ask for it. */
export function targetOfRouter({ row }: { readonly row: { readonly project_id: string } }) {
  return targetOf(row.project_id);
}

function targetOf(projectId: string) {
  return { project_id: projectId, tenant_id: projectId };
}
