/** What can be done with the port forwardings of a floating IP. */
import type { Context } from '#platform/context.ts';
import type { Tx } from '#platform/db/tables.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { updateRow } from '../attributes/list.store.ts';
import type { Sent } from '../attributes/request-body.ts';
import { timestamp } from '../attributes/standard.ts';
import { alreadyAssociated, floatingIpNotFound } from '../floating-ips/floating-ip.faults.ts';
import { chooseRouter, ipv4Of } from '../floating-ips/floating-ip.rules.ts';
import {
  findRoutersBetween,
  findVisibleFloatingIp,
  floatingIpsOfPorts,
  type FloatingIpRow,
} from '../floating-ips/floating-ip.store.ts';
import { fixedIpsOfPorts } from '../ipam/fixed-ip.store.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { portNotFound } from '../network.faults.ts';
import { findVisiblePort } from '../ports/port-list.store.ts';
import * as faults from './port-forwarding.faults.ts';
import {
  checkCollisions,
  checkMoved,
  checkNotSame,
  checkPorts,
  sentPorts,
  type Forwarding,
  type Others,
} from './port-forwarding.rules.ts';
import {
  GUARDED,
  type PortForwardingCreate,
  type PortForwardingUpdate,
} from './port-forwarding.schema.ts';
import * as store from './port-forwarding.store.ts';
import { externalPorts, internalPorts } from './port-range.ts';

/** Named by the floating IP that it is of. */
export type ForwardingId = { readonly floatingIpId: string; readonly id: string };

export class PortForwardingService {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  /** The floating IP's owner is theirs. */
  async target(ctx: Context, floatingIpId: string) {
    return targetOfForwardings(await visible(this.#deps.db, ctx, floatingIpId));
  }

  async list(
    ctx: Context,
    floatingIpId: string,
    query: ListQuery,
  ): Promise<readonly store.PortForwardingRow[]> {
    const { db } = this.#deps;
    const { marker } = query.page;
    await visible(db, ctx, floatingIpId);
    const after = marker === null ? undefined : await find(db, { floatingIpId, id: marker });
    return await store.listForwardings(db, floatingIpId, query, after);
  }

  async get(ctx: Context, { floatingIpId, id }: ForwardingId): Promise<store.PortForwardingRow> {
    const { db } = this.#deps;
    await visible(db, ctx, floatingIpId);
    return await find(db, { floatingIpId, id });
  }

  async create(
    ctx: Context,
    floatingIpId: string,
    items: readonly Sent<PortForwardingCreate>[],
  ): Promise<readonly store.PortForwardingRow[]> {
    const { db, hosts } = this.#deps;
    const { rows, routerId } = await db.transaction().execute(async (tx) => {
      const made: store.PortForwardingRow[] = [];
      for (const item of items) made.push(await this.#create(tx, ctx, floatingIpId, item));
      const floatingIp = await visible(tx, ctx, floatingIpId);
      return { rows: made, routerId: floatingIp.router_id };
    });
    if (routerId !== null) await hosts.routersChanged([routerId]);
    return rows;
  }

  async #create(
    tx: Tx,
    ctx: Context,
    floatingIpId: string,
    { values, chosen }: Sent<PortForwardingCreate>,
  ): Promise<store.PortForwardingRow> {
    const { policy, newId, now } = this.#deps;
    const floatingIp = await visible(tx, ctx, floatingIpId);
    const target = targetOfForwardings(floatingIp);
    authorizeCreate(policy, ctx, GUARDED, { target, chosen });
    const wanted: Forwarding = {
      protocol: values.protocol,
      internal_port_id: values.internal_port_id,
      internal_ip_address: values.internal_ip_address,
      external: sentPorts('external', values.external_port, values.external_port_range) ?? null,
      internal: sentPorts('internal', values.internal_port, values.internal_port_range) ?? null,
    };
    checkPorts(wanted);
    checkCollisions(wanted, await othersThan(tx, '', floatingIpId, wanted.internal_port_id));
    await checkPortIsFree(tx, wanted);
    if (floatingIp.fixed_port_id !== null) {
      throw alreadyAssociated(floatingIp, {
        portId: wanted.internal_port_id,
        fixedIp: wanted.internal_ip_address,
      });
    }
    const routerId = await routerTo(tx, ctx, floatingIp, wanted);
    checkMoved(wanted, await store.countMovedPorts(tx, routerId, ''));
    const at = timestamp(now());
    const row: store.PortForwardingRow = {
      ...columnsOf(wanted),
      id: newId(),
      floating_ip_id: floatingIpId,
      project_id: floatingIp.project_id,
      description: values.description,
      revision_number: 0,
      created_at: at,
      updated_at: at,
    };
    await store.insertForwarding(tx, row);
    await updateRow(tx, 'floating_ips', floatingIpId, { router_id: routerId, updated_at: at });
    return row;
  }

  async update(
    ctx: Context,
    { floatingIpId, id }: ForwardingId,
    { values, chosen }: Sent<PortForwardingUpdate>,
  ): Promise<store.PortForwardingRow> {
    const { db, policy, hosts, now } = this.#deps;
    const { row, routerId } = await db.transaction().execute(async (tx) => {
      const floatingIp = await visible(tx, ctx, floatingIpId);
      const target = targetOfForwardings(floatingIp);
      authorizeChange(policy, ctx, GUARDED, { action: 'update', target, chosen });
      const before = await find(tx, { floatingIpId, id });
      const wanted = await this.#changed(tx, ctx, { floatingIp, before, values });
      checkPorts(wanted);
      const others = await othersThan(tx, id, floatingIpId, wanted.internal_port_id);
      checkNotSame(wanted, floatingIp.floating_ip_address, others);
      checkCollisions(wanted, others);
      const through = floatingIp.router_id;
      if (through !== null) checkMoved(wanted, await store.countMovedPorts(tx, through, id));
      const at = timestamp(now());
      await updateRow(tx, 'floating_ips', floatingIpId, { updated_at: at });
      const after = await updateRow(tx, 'port_forwardings', id, {
        ...columnsOf(wanted),
        ...(values.description !== undefined && { description: values.description }),
        updated_at: at,
      });
      return { row: after, routerId: through };
    });
    if (routerId !== null) await hosts.routersChanged([routerId]);
    return row;
  }

  /** What the forwarding says after the change. */
  async #changed(
    tx: Tx,
    ctx: Context,
    {
      floatingIp,
      before,
      values,
    }: {
      readonly floatingIp: FloatingIpRow;
      readonly before: store.PortForwardingRow;
      readonly values: PortForwardingUpdate;
    },
  ): Promise<Forwarding> {
    const portId = values.internal_port_id ?? before.internal_port_id;
    const moves = portId !== before.internal_port_id;
    const fixedIps = ipv4Of((await fixedIpsOfPorts(tx, [portId])).get(portId) ?? []);
    const usual = moves ? fixedIps[0]?.ip_address : before.internal_ip_address;
    const wanted: Forwarding = {
      protocol: values.protocol ?? before.protocol,
      internal_port_id: portId,
      internal_ip_address: values.internal_ip_address ?? usual ?? '',
      external:
        sentPorts('external', values.external_port, values.external_port_range) ??
        externalPorts(before),
      internal:
        sentPorts('internal', values.internal_port, values.internal_port_range) ??
        internalPorts(before),
    };
    if (moves) {
      await checkPortIsFree(tx, wanted);
      await routerTo(tx, ctx, floatingIp, wanted);
    } else if (!fixedIps.some(({ ip_address }) => ip_address === wanted.internal_ip_address)) {
      throw faults.addressNotOfKeptPort(fixedIps);
    } else if (wanted.internal_ip_address !== before.internal_ip_address) {
      await routerTo(tx, ctx, floatingIp, wanted);
    }
    return wanted;
  }

  async delete(ctx: Context, { floatingIpId, id }: ForwardingId): Promise<void> {
    const { db, policy, hosts, now } = this.#deps;
    const routerId = await db.transaction().execute(async (tx) => {
      const floatingIp = await visible(tx, ctx, floatingIpId);
      const target = targetOfForwardings(floatingIp);
      authorizeChange(policy, ctx, GUARDED, { action: 'delete', target, chosen: {} });
      await find(tx, { floatingIpId, id });
      await removeForwardings(tx, floatingIpId, [id], timestamp(now()));
      return floatingIp.router_id;
    });
    if (routerId !== null) await hosts.routersChanged([routerId]);
  }
}

export function targetOfForwardings({ project_id }: { readonly project_id: string }) {
  return { project_id, tenant_id: project_id, 'ext_parent:project_id': project_id };
}

/** Takes forwardings from a floating IP. With the last it is bound to no router any more. */
export async function removeForwardings(
  tx: Tx,
  floatingIpId: string,
  ids: readonly string[],
  at: string,
): Promise<void> {
  await store.deleteForwardings(tx, ids);
  const left = (await store.forwardingsOf(tx, [floatingIpId])).get(floatingIpId) ?? [];
  await updateRow(tx, 'floating_ips', floatingIpId, {
    ...(left.length === 0 && { router_id: null }),
    updated_at: at,
  });
}

async function visible(db: NetworkDeps['db'], ctx: Context, id: string): Promise<FloatingIpRow> {
  const row = await findVisibleFloatingIp(db, ctx, id);
  if (!row) throw floatingIpNotFound(id);
  return row;
}

async function find(
  db: NetworkDeps['db'],
  { floatingIpId, id }: ForwardingId,
): Promise<store.PortForwardingRow> {
  const row = await store.findForwarding(db, floatingIpId, id);
  if (!row) throw faults.portForwardingNotFound(id);
  return row;
}

/** All that could collide with the forwarding `id`, or with a new one. */
async function othersThan(
  tx: Tx,
  id: string,
  floatingIpId: string,
  portId: string,
): Promise<Others> {
  const ofFloatingIp = (await store.forwardingsOf(tx, [floatingIpId])).get(floatingIpId) ?? [];
  const toPort = await store.forwardingsToPort(tx, portId);
  return {
    ofFloatingIp: ofFloatingIp.filter((row) => row.id !== id),
    toPort: toPort.filter((row) => row.id !== id),
  };
}

/** compat: a floating IP of its own for any address of the port is too much. */
async function checkPortIsFree(
  tx: Tx,
  { internal_port_id: portId, internal_ip_address: fixedIp }: Forwarding,
): Promise<void> {
  const [floatingIp] = (await floatingIpsOfPorts(tx, [portId])).get(portId) ?? [];
  if (floatingIp) throw faults.portHasFloatingIp(floatingIp, { portId, fixedIp });
}

/** The router between the floating IP and the address; all forwardings of a floating IP have the same. */
async function routerTo(
  tx: Tx,
  ctx: Context,
  floatingIp: FloatingIpRow,
  { internal_port_id: portId, internal_ip_address: ip }: Forwarding,
): Promise<string> {
  if (!(await findVisiblePort(tx, ctx, portId))) throw portNotFound(portId);
  const fixedIps = ipv4Of((await fixedIpsOfPorts(tx, [portId])).get(portId) ?? []);
  if (fixedIps.length === 0) throw faults.portWithoutIpv4(portId);
  const subnetId = fixedIps.find(({ ip_address }) => ip_address === ip)?.subnet_id;
  if (subnetId === undefined) throw faults.addressNotOfPort(portId, ip, fixedIps);
  const networkId = floatingIp.floating_network_id;
  const routerId = chooseRouter(await findRoutersBetween(tx, { subnetId, networkId }));
  if (routerId === undefined) {
    throw faults.networkNotReachable({ networkId, subnetId, portId, floatingIpId: floatingIp.id });
  }
  if (floatingIp.router_id !== null && floatingIp.router_id !== routerId) {
    throw faults.otherRouter(floatingIp.id, floatingIp.router_id, portId);
  }
  return routerId;
}

function columnsOf({ external, internal, ...columns }: Forwarding) {
  return {
    ...columns,
    external_port_first: external?.first ?? null,
    external_port_last: external?.last ?? null,
    internal_port_first: internal?.first ?? null,
    internal_port_last: internal?.last ?? null,
  };
}
