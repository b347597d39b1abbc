/** What can be done with floating IPs. Authorises, finds where they lead, writes once, tells the hosts. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { deleteTags, updateRow } from '../attributes/list.store.ts';
import type { Sent } from '../attributes/request-body.ts';
import type { ResourceService } from '../attributes/resource.routes.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import type { NetworkDeps } from '../network-deps.ts';
import { networkNotFound, qosPolicyNotFound } from '../network.faults.ts';
import { findVisibleNetwork } from '../networks/network.store.ts';
import { deletePorts } from '../ports/port.store.ts';
import { checkQuotas } from '../quotas/check-quota.ts';
import { subnetsOf } from '../subnets/subnet.store.ts';
import { associationWith, NOWHERE, type Association } from './association.ts';
import * as faults from './floating-ip.faults.ts';
import { checkDns } from './floating-ip.rules.ts';
import { FLOATING_IP, type FloatingIpCreate, type FloatingIpUpdate } from './floating-ip.schema.ts';
import * as store from './floating-ip.store.ts';
import { createFloatingPort } from './floating-port.ts';

export class FloatingIpService implements ResourceService<typeof FLOATING_IP, store.FloatingIp> {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly store.FloatingIp[]> {
    const { marker } = query.page;
    return await this.#deps.db.transaction().execute(async (tx) => {
      const after =
        marker === null
          ? undefined
          : await store.wholeFloatingIp(tx, await this.#visible(tx, ctx, marker));
      return await store.wholeFloatingIps(tx, await store.listFloatingIps(tx, ctx, query, after));
    });
  }

  async get(ctx: Context, id: string): Promise<store.FloatingIp> {
    return await this.#deps.db
      .transaction()
      .execute(async (tx) => await store.wholeFloatingIp(tx, await this.#visible(tx, ctx, id)));
  }

  async create(
    ctx: Context,
    items: readonly Sent<FloatingIpCreate>[],
  ): Promise<readonly store.FloatingIp[]> {
    const { db } = this.#deps;
    const made = await db.transaction().execute(async (tx) => {
      await checkQuotas(
        tx,
        'floatingip',
        items.map(({ values }) => values),
      );
      const rows: store.FloatingIpRow[] = [];
      for (const item of items) rows.push(await this.#create(tx, ctx, item));
      return await store.wholeFloatingIps(tx, rows);
    });
    await this.#tell(...made.map(({ row }) => row.router_id));
    return made;
  }

  async #create(
    tx: Tx,
    ctx: Context,
    { values, chosen }: Sent<FloatingIpCreate>,
  ): Promise<store.FloatingIpRow> {
    const { policy, newId, now } = this.#deps;
    const networkId = values.floating_network_id;
    const target = { project_id: values.project_id, tenant_id: values.project_id };
    authorizeCreate(policy, ctx, FLOATING_IP, { target, chosen });
    if (values.qos_policy_id != null) throw qosPolicyNotFound(values.qos_policy_id);
    const network = await findVisibleNetwork(tx, ctx, networkId);
    if (!network) throw networkNotFound(networkId);
    if (network.external === 0) throw faults.notExternal(networkId);
    const subnets = await subnetsOf(tx, networkId);
    if (!subnets.some((subnet) => subnet.ip_version === 4)) throw faults.noIpv4Subnet(networkId);
    checkDns(values);
    const id = newId();
    const address = await createFloatingPort(this.#deps, tx, ctx, { floatingIpId: id, values });
    const at = timestamp(now());
    const held = {
      id,
      project_id: values.project_id,
      floating_network_id: networkId,
      floating_ip_address: address.ip_address,
    };
    const row: store.FloatingIpRow = {
      ...held,
      ...(await this.#association(tx, ctx, held, values)),
      description: values.description,
      ip_order: address.ip_order,
      floating_port_id: address.port_id,
      dns_name: values.dns_name,
      dns_domain: values.dns_domain,
      revision_number: 0,
      created_at: at,
      updated_at: at,
    };
    await store.insertFloatingIp(tx, row);
    return row;
  }

  async update(
    ctx: Context,
    id: string,
    { values, chosen }: Sent<FloatingIpUpdate>,
    ifMatch?: number,
  ): Promise<store.FloatingIp> {
    const { db, policy, now } = this.#deps;
    const { before, after } = await db.transaction().execute(async (tx) => {
      const row = await this.#visible(tx, ctx, id);
      const target = targetOfFloatingIp(row);
      authorizeChange(policy, ctx, FLOATING_IP, { action: 'update', target, chosen });
      checkRevision(ifMatch, row.revision_number);
      if (values.qos_policy_id != null) throw qosPolicyNotFound(values.qos_policy_id);
      const changed = await updateRow(tx, 'floating_ips', id, {
        ...(await this.#reassociation(tx, ctx, row, values)),
        ...(values.description !== undefined && { description: values.description }),
        updated_at: timestamp(now()),
      });
      return { before: row, after: await store.wholeFloatingIp(tx, changed) };
    });
    await this.#tell(before.router_id, after.row.router_id);
    return after;
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, policy } = this.#deps;
    const row = await db.transaction().execute(async (tx) => {
      const whole = await store.wholeFloatingIp(tx, await this.#visible(tx, ctx, id));
      const target = targetOfFloatingIp(whole.row);
      authorizeChange(policy, ctx, FLOATING_IP, { action: 'delete', target, chosen: {} });
      checkRevision(ifMatch, whole.row.revision_number);
      if (whole.forwardings.length > 0) throw faults.inUseByForwardings(id);
      await removeFloatingIp(tx, whole.row);
      return whole.row;
    });
    await this.#tell(row.router_id);
  }

  /** Undefined where the update says nothing of where it leads. */
  async #reassociation(
    tx: Tx,
    ctx: Context,
    row: store.FloatingIpRow,
    { port_id: portId, fixed_ip_address: fixedIp }: FloatingIpUpdate,
  ): Promise<Association | undefined> {
    if (fixedIp != null && portId == null) throw faults.fixedIpWithoutPort();
    if (portId === undefined) return undefined;
    const { forwardings } = await store.wholeFloatingIp(tx, row);
    if (forwardings.length > 0) {
      if (portId === null) return undefined;
      throw faults.inUseByForwardings(row.id);
    }
    return await this.#association(tx, ctx, row, {
      port_id: portId,
      fixed_ip_address: fixedIp ?? null,
    });
  }

  async #association(
    tx: Tx,
    ctx: Context,
    floatingIp: Parameters<typeof associationWith>[2],
    {
      port_id: portId,
      fixed_ip_address: fixedIp,
    }: Pick<FloatingIpCreate, 'port_id' | 'fixed_ip_address'>,
  ): Promise<Association> {
    if (portId !== null) return await associationWith(tx, ctx, floatingIp, { portId, fixedIp });
    if (fixedIp !== null) throw faults.fixedIpWithoutPort();
    return NOWHERE;
  }

  async #tell(...routerIds: readonly (string | null)[]): Promise<void> {
    const ids = new Set(routerIds.filter((id) => id !== null));
    if (ids.size > 0) await this.#deps.hosts.routersChanged([...ids]);
  }

  async #visible(db: Db, ctx: Context, id: string): Promise<store.FloatingIpRow> {
    const row = await store.findVisibleFloatingIp(db, ctx, id);
    if (!row) throw faults.floatingIpNotFound(id);
    return row;
  }
}

/** Whose a floating IP is, as policies ask for it. */
export function targetOfFloatingIp({ project_id }: { readonly project_id: string }) {
  return { project_id, tenant_id: project_id };
}

/** Deletes it with its port. */
async function removeFloatingIp(tx: Tx, row: store.FloatingIpRow): Promise<void> {
  await store.deleteFloatingIp(tx, row.id);
  await deleteTags(tx, row.id);
  await deletePorts(tx, [row.floating_port_id]);
}

/** Deletes those of a network that lead nowhere, so that they do not hold the network that is being deleted. */
export async function deleteIdleFloatingIps(tx: Tx, networkId: string): Promise<void> {
  for (const row of await store.findIdleOnNetwork(tx, networkId)) await removeFloatingIp(tx, row);
}
