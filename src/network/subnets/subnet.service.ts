/** What can be done with subnets. Authorises, gathers facts, applies the rules, writes once, tells the hosts. */
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tx } from '#platform/db/tables.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { tagsOf, updateRow } from '../attributes/list.store.ts';
import type { Sent } from '../attributes/request-body.ts';
import type { ResourceService } from '../attributes/resource.routes.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import { GO_ALONG } from '../binding/binding.rules.ts';
import { deleteSubnetAddresses, findPortOnSubnet } from '../ipam/fixed-ip.store.ts';
import { cidrOf } from '../ipam/ipam.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import {
  badListRequest,
  gatewayIpInUse,
  segmentNotFound,
  subnetInUse,
  subnetNotFound,
  subnetPoolNotFound,
} from '../network.faults.ts';
import { findNetworksById, touchNetwork, type NetworkRow } from '../networks/network.store.ts';
import { usableNetwork } from '../networks/usable-network.ts';
import { addAutoAddresses } from '../ports/auto-addresses.ts';
import { ensureDhcpPort } from '../ports/dhcp-port.ts';
import { checkQuota } from '../quotas/check-quota.ts';
import { addToGateways } from '../routers/router-gateway.ts';
import { findInterfaceByAddress, hasInterfaceOn } from '../routers/router.store.ts';
import { findShared } from '../rbac-policies/rbac-policy.store.ts';
import {
  checkMtuCarries,
  checkNoOverlap,
  checkSubnetChange,
  isAutoAddress,
  planSubnet,
  type SubnetPlan,
} from './subnet.rules.ts';
import { SUBNET, type Pool, type SubnetCreate, type SubnetUpdate } from './subnet.schema.ts';
import * as store from './subnet.store.ts';

/** A subnet with what is known of it elsewhere. */
export type Subnet = {
  readonly row: store.SubnetRow;
  readonly network: NetworkRow;
  /** Whether the caller has the network as shared. */
  readonly shared: boolean;
  readonly tags: readonly string[];
};

export class SubnetService implements ResourceService<typeof SUBNET, Subnet> {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly Subnet[]> {
    const { db } = this.#deps;
    const { marker } = query.page;
    const after = marker === null ? undefined : await this.#visible(db, ctx, marker);
    return await db
      .transaction()
      .execute(async (tx) => await whole(tx, ctx, await store.listSubnets(tx, ctx, query, after)));
  }

  async get(ctx: Context, id: string): Promise<Subnet> {
    return await this.#deps.db
      .transaction()
      .execute(async (tx) => await one(tx, ctx, await this.#visible(tx, ctx, id)));
  }

  async create(ctx: Context, items: readonly Sent<SubnetCreate>[]): Promise<readonly Subnet[]> {
    const { db, hosts } = this.#deps;
    const routers: string[] = [];
    const subnets = await db.transaction().execute(async (tx) => {
      const rows: store.SubnetRow[] = [];
      for (const item of items) rows.push(await this.#create(tx, ctx, item));
      for (const row of rows) routers.push(...(await addToGateways({ deps: this.#deps, tx }, row)));
      return await whole(tx, ctx, rows);
    });
    for (const id of new Set(subnets.map((subnet) => subnet.network.id))) {
      await hosts.networkChanged(id);
    }
    for (const { row, network } of subnets) {
      if (isAutoAddress(row)) await hosts.addressesChanged(network.id);
    }
    await hosts.routersChanged(routers);
    return subnets;
  }

  async #create(
    tx: Tx,
    ctx: Context,
    { values, chosen }: Sent<SubnetCreate>,
  ): Promise<store.SubnetRow> {
    const { policy, newId, now, settings } = this.#deps;
    const projectId = values.project_id;
    const network = await usableNetwork(tx, ctx, values.network_id, {
      projectId,
      resource: 'subnet',
    });
    await checkQuota(tx, projectId, 'subnet', 1);
    const target = targetOfSubnet({ row: { project_id: projectId }, network });
    authorizeCreate(policy, ctx, SUBNET, { target, chosen });
    checkNoPool(values);
    if (values.segment_id != null) throw segmentNotFound(values.segment_id);
    const plan = planSubnet(values, settings);
    checkMtuCarries(network.id, network.mtu, plan.ipVersion);
    checkNoOverlap(network.id, plan.cidr, await store.subnetsOf(tx, network.id));
    const at = timestamp(now());
    const row: store.SubnetRow = {
      id: newId(),
      project_id: projectId,
      network_id: network.id,
      name: values.name,
      description: values.description,
      ip_version: plan.ipVersion,
      cidr: values.cidr ?? '',
      gateway_ip: plan.gatewayIp,
      enable_dhcp: flag(plan.enableDhcp),
      ipv6_ra_mode: plan.raMode,
      ipv6_address_mode: plan.addressMode,
      allocation_pools: JSON.stringify(plan.pools),
      dns_nameservers: JSON.stringify(plan.nameservers),
      host_routes: JSON.stringify(plan.hostRoutes),
      service_types: JSON.stringify(values.service_types),
      dns_publish_fixed_ip: flag(values.dns_publish_fixed_ip),
      // compat: networks and ports begin at 1, subnets at 0.
      revision_number: 0,
      created_at: at,
      updated_at: at,
    };
    await store.insertSubnet(tx, row);
    await touchNetwork(tx, network.id, at);
    if (isAutoAddress(row)) await addAutoAddresses(this.#deps, tx, row);
    await ensureDhcpPort(this.#deps, tx, network);
    return row;
  }

  async update(
    ctx: Context,
    id: string,
    { values, chosen }: Sent<SubnetUpdate>,
    ifMatch?: number,
  ): Promise<Subnet> {
    const { db, hosts, policy, now, settings } = this.#deps;
    const subnet = await db.transaction().execute(async (tx) => {
      const before = await one(tx, ctx, await this.#visible(tx, ctx, id));
      const target = targetOfSubnet(before);
      authorizeChange(policy, ctx, SUBNET, { action: 'update', target, chosen });
      checkRevision(ifMatch, before.row.revision_number);
      if (values.segment_id != null) throw segmentNotFound(values.segment_id);
      const was = planOf(before.row);
      const plan = changedPlan(was, values);
      if (plan.gatewayIp !== was.gatewayIp) await checkGatewayFree(tx, before.row);
      checkSubnetChange(plan, was, settings);
      const row = await updateRow(tx, 'subnets', id, {
        ...(values.name !== undefined && { name: values.name }),
        ...(values.description !== undefined && { description: values.description }),
        ...(values.service_types && { service_types: JSON.stringify(values.service_types) }),
        ...(values.dns_publish_fixed_ip !== undefined && {
          dns_publish_fixed_ip: flag(values.dns_publish_fixed_ip),
        }),
        gateway_ip: plan.gatewayIp,
        enable_dhcp: flag(plan.enableDhcp),
        allocation_pools: JSON.stringify(plan.pools),
        dns_nameservers: JSON.stringify(plan.nameservers),
        host_routes: JSON.stringify(plan.hostRoutes),
        updated_at: timestamp(now()),
      });
      if (plan.enableDhcp !== was.enableDhcp) await ensureDhcpPort(this.#deps, tx, before.network);
      return await one(tx, ctx, row);
    });
    await hosts.networkChanged(subnet.network.id);
    return subnet;
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, hosts, policy, now } = this.#deps;
    const { row, network } = await db.transaction().execute(async (tx) => {
      const subnet = await one(tx, ctx, await this.#visible(tx, ctx, id));
      const target = targetOfSubnet(subnet);
      authorizeChange(policy, ctx, SUBNET, { action: 'delete', target, chosen: {} });
      checkRevision(ifMatch, subnet.row.revision_number);
      // Automatic addresses go with the subnet, since guests made them of it by themselves.
      const taken = isAutoAddress(subnet.row)
        ? await hasInterfaceOn(tx, id)
        : await findPortOnSubnet(tx, id, GO_ALONG);
      if (taken) throw subnetInUse(id);
      await deleteSubnetAddresses(tx, id);
      await store.deleteSubnet(tx, id);
      await touchNetwork(tx, subnet.network.id, timestamp(now()));
      await ensureDhcpPort(this.#deps, tx, subnet.network);
      return subnet;
    });
    if (isAutoAddress(row)) await hosts.addressesChanged(network.id);
    else await hosts.networkChanged(network.id);
  }

  async #visible(db: Db, ctx: Context, id: string): Promise<store.SubnetRow> {
    const row = await store.findVisibleSubnet(db, ctx, id);
    if (!row) throw subnetNotFound(id);
    return row;
  }
}

/** Whose a subnet and its network are, as policies ask for it. */
export function targetOfSubnet({
  row,
  network,
  shared = false,
}: {
  readonly row: { readonly project_id: string };
  readonly network: NetworkRow;
  readonly shared?: boolean;
}) {
  return {
    project_id: row.project_id,
    tenant_id: row.project_id,
    'network:project_id': network.project_id,
    'network:tenant_id': network.project_id,
    'router:external': network.external === 1,
    shared,
  };
}

/** A gateway that a router is stays what it is. */
async function checkGatewayFree(tx: Tx, { id, gateway_ip: ip }: store.SubnetRow): Promise<void> {
  const portId = ip === null ? undefined : await findInterfaceByAddress(tx, id, ip);
  if (ip !== null && portId !== undefined) throw gatewayIpInUse(ip, portId);
}

/** There are no subnet pools yet, so none can be found. */
function checkNoPool({ subnetpool_id, use_default_subnetpool, ip_version }: SubnetCreate): void {
  if (subnetpool_id != null) throw subnetPoolNotFound(subnetpool_id);
  if (use_default_subnetpool) {
    throw badListRequest('subnets', `No default subnetpool found for IPv${ip_version}`);
  }
}

function planOf(row: store.SubnetRow): SubnetPlan {
  return {
    id: row.id,
    ipVersion: row.ip_version,
    cidr: cidrOf(row),
    gatewayIp: row.gateway_ip,
    pools: JSON.parse(row.allocation_pools) as readonly Pool[],
    enableDhcp: row.enable_dhcp === 1,
    raMode: row.ipv6_ra_mode,
    addressMode: row.ipv6_address_mode,
    nameservers: JSON.parse(row.dns_nameservers) as SubnetPlan['nameservers'],
    hostRoutes: JSON.parse(row.host_routes) as SubnetPlan['hostRoutes'],
  };
}

function changedPlan(before: SubnetPlan, values: SubnetUpdate): SubnetPlan {
  return {
    ...before,
    ...(values.gateway_ip !== undefined && { gatewayIp: values.gateway_ip }),
    ...(values.allocation_pools != null && { pools: values.allocation_pools }),
    ...(values.enable_dhcp !== undefined && { enableDhcp: values.enable_dhcp }),
    ...(values.dns_nameservers && { nameservers: values.dns_nameservers }),
    ...(values.host_routes && { hostRoutes: values.host_routes }),
  };
}

async function whole(
  db: Db,
  ctx: Context,
  rows: readonly store.SubnetRow[],
): Promise<readonly Subnet[]> {
  const networkIds = [...new Set(rows.map((row) => row.network_id))];
  const networks = await findNetworksById(db, networkIds);
  const shared = await findShared(db, 'network', networkIds, ctx.projectId);
  const tags = await tagsOf(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => {
    const network = networks.get(row.network_id);
    if (!network) throw new Error(`the subnet ${row.id} has no network`);
    return { row, network, shared: shared.has(network.id), tags: tags.get(row.id) ?? [] };
  });
}

async function one(db: Db, ctx: Context, row: store.SubnetRow): Promise<Subnet> {
  const [subnet] = await whole(db, ctx, [row]);
  return subnet as Subnet;
}
