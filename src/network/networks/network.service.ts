/** What can be done with networks. Authorises, gathers facts, applies the rules, writes once. */
import type { Context } from '#platform/context.ts';
import { flag, type Db, type Tx } from '#platform/db/tables.ts';
import { authorizeChange, authorizeCreate } from '../attributes/authorize.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { deleteTags, tagsOf, updateRow } from '../attributes/list.store.ts';
import type { Sent } from '../attributes/request-body.ts';
import type { ResourceService } from '../attributes/resource.routes.ts';
import { checkRevision } from '../attributes/revision.ts';
import { timestamp } from '../attributes/standard.ts';
import { checkZones } from '../availability-zones/availability-zone.rules.ts';
import { GO_ALONG } from '../binding/binding.rules.ts';
import { deleteIdleFloatingIps } from '../floating-ips/floating-ip.service.ts';
import type { NetworkDeps } from '../network-deps.ts';
import {
  externalNetworkInUse,
  invalidSharedSetting,
  networkInUse,
  networkNotFound,
  qosPolicyNotFound,
} from '../network.faults.ts';
import { deletePorts, findPortsOnNetwork } from '../ports/port.store.ts';
import { checkQuota } from '../quotas/check-quota.ts';
import {
  deleteSharing,
  ensureNotSharedWithAll,
  ensureSharedWithAll,
  findShared,
} from '../rbac-policies/rbac-policy.store.ts';
import { findRoutersByGateway } from '../routers/router.store.ts';
import { deleteSubnet, subnetsOfNetworks } from '../subnets/subnet.store.ts';
import { checkMtuChange, mtuOf, planSegment } from './network.rules.ts';
import { NETWORK, type NetworkCreate, type NetworkUpdate } from './network.schema.ts';
import * as store from './network.store.ts';
import { chooseSegmentId } from './segment.ts';

/** A network with what is known of it elsewhere. */
export type Network = {
  readonly row: store.NetworkRow;
  /** Whether the caller has it as shared. */
  readonly shared: boolean;
  readonly subnetIds: readonly string[];
  readonly hasDhcp: boolean;
  readonly tags: readonly string[];
};

export class NetworkService implements ResourceService<typeof NETWORK, Network> {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly Network[]> {
    const { db } = this.#deps;
    const { marker } = query.page;
    const after = marker === null ? undefined : await this.#visible(db, ctx, marker);
    return await this.#whole(db, ctx, await store.listNetworks(db, ctx, query, after));
  }

  async get(ctx: Context, id: string): Promise<Network> {
    const { db } = this.#deps;
    return await this.#one(db, ctx, await this.#visible(db, ctx, id));
  }

  async create(ctx: Context, items: readonly Sent<NetworkCreate>[]): Promise<readonly Network[]> {
    return await this.#deps.db.transaction().execute(async (tx) => {
      const rows: store.NetworkRow[] = [];
      for (const item of items) rows.push(await this.#create(tx, ctx, item));
      return await this.#whole(tx, ctx, rows);
    });
  }

  async #create(
    tx: Tx,
    ctx: Context,
    { values, chosen }: Sent<NetworkCreate>,
  ): Promise<store.NetworkRow> {
    const { policy, newId, now, random, settings } = this.#deps;
    const projectId = values.project_id;
    await checkQuota(tx, projectId, 'network', 1);
    authorizeCreate(policy, ctx, NETWORK, { target: targetOfProject(projectId), chosen });
    checkQos(values);
    checkZones(values.availability_zone_hints);
    const segment = planSegment(values, settings.physicalNetworks);
    const at = timestamp(now());
    const row: store.NetworkRow = {
      id: newId(),
      project_id: projectId,
      name: values.name,
      description: values.description,
      admin_state_up: flag(values.admin_state_up),
      external: flag(values['router:external']),
      is_default: flag(values.is_default),
      mtu: mtuOf(values.mtu, settings),
      port_security_enabled: flag(values.port_security_enabled),
      dns_domain: values.dns_domain,
      network_type: segment.type,
      physical_network: segment.physicalNetwork,
      segmentation_id: await chooseSegmentId(tx, segment, random),
      availability_zone_hints: JSON.stringify(values.availability_zone_hints),
      storm_control: JSON.stringify(values.storm_control),
      revision_number: 1,
      created_at: at,
      updated_at: at,
    };
    await store.insertNetwork(tx, row);
    if (values.shared) await this.#share(tx, row, 'access_as_shared', true);
    if (values['router:external']) await this.#share(tx, row, 'access_as_external', true);
    return row;
  }

  async update(
    ctx: Context,
    id: string,
    { values, chosen }: Sent<NetworkUpdate>,
    ifMatch?: number,
  ): Promise<Network> {
    const { db, hosts, policy, now, settings } = this.#deps;
    const network = await db.transaction().execute(async (tx) => {
      const before = await this.#one(tx, ctx, await this.#visible(tx, ctx, id));
      const target = targetOfNetwork(before);
      authorizeChange(policy, ctx, NETWORK, { action: 'update', target, chosen });
      checkRevision(ifMatch, before.row.revision_number);
      checkQos(values);
      const mtu = 'mtu' in values ? mtuOf(values.mtu, settings) : before.row.mtu;
      if (mtu !== before.row.mtu) {
        const subnets = (await subnetsOfNetworks(tx, [id])).get(id) ?? [];
        checkMtuChange(
          id,
          mtu,
          subnets.map((subnet) => subnet.ip_version),
        );
      }
      if (values.shared !== undefined && values.shared !== before.shared) {
        if (!values.shared && (await store.hasForeignPorts(tx, before.row))) {
          throw invalidSharedSetting(before.row.name);
        }
        await this.#share(tx, before.row, 'access_as_shared', values.shared);
      }
      const external = values['router:external'];
      if (external !== undefined && external !== (before.row.external === 1)) {
        if (!external && (await findRoutersByGateway(tx, id)).length > 0) {
          throw externalNetworkInUse(id);
        }
        await this.#share(tx, before.row, 'access_as_external', external);
      }
      const row = await updateRow(tx, 'networks', id, {
        ...changedColumns(values),
        mtu,
        updated_at: timestamp(now()),
      });
      return await this.#one(tx, ctx, row);
    });
    await hosts.networkChanged(id);
    return network;
  }

  async delete(ctx: Context, id: string, ifMatch?: number): Promise<void> {
    const { db, hosts, policy } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const network = await this.#one(tx, ctx, await this.#visible(tx, ctx, id));
      const target = targetOfNetwork(network);
      authorizeChange(policy, ctx, NETWORK, { action: 'delete', target, chosen: {} });
      checkRevision(ifMatch, network.row.revision_number);
      await deleteIdleFloatingIps(tx, id);
      const ports = await findPortsOnNetwork(tx, id);
      const inUse = ports.filter((port) => !GO_ALONG.includes(port.device_owner));
      if (inUse.length > 0) {
        const ids = inUse.map((port) => port.id).join(',');
        throw networkInUse(
          id,
          `There are one or more ports still in use on the network, id for these ports is: ${ids}`,
        );
      }
      await deletePorts(
        tx,
        ports.map((port) => port.id),
      );
      for (const subnetId of network.subnetIds) await deleteSubnet(tx, subnetId);
      await deleteSharing(tx, 'network', id);
      await deleteTags(tx, id);
      await store.deleteNetwork(tx, id);
    });
    await hosts.networkChanged(id);
  }

  async #visible(db: Db, ctx: Context, id: string): Promise<store.NetworkRow> {
    const row = await store.findVisibleNetwork(db, ctx, id);
    if (!row) throw networkNotFound(id);
    return row;
  }

  async #one(db: Db, ctx: Context, row: store.NetworkRow): Promise<Network> {
    const [network] = await this.#whole(db, ctx, [row]);
    return network as Network;
  }

  async #whole(
    db: Db,
    ctx: Context,
    rows: readonly store.NetworkRow[],
  ): Promise<readonly Network[]> {
    const ids = rows.map((row) => row.id);
    const shared = await findShared(db, 'network', ids, ctx.projectId);
    const subnets = await subnetsOfNetworks(db, ids);
    const tags = await tagsOf(db, ids);
    return rows.map((row) => {
      const own = subnets.get(row.id) ?? [];
      return {
        row,
        shared: shared.has(row.id),
        subnetIds: own.map((subnet) => subnet.id),
        hasDhcp: own.some((subnet) => subnet.enable_dhcp === 1),
        tags: tags.get(row.id) ?? [],
      };
    });
  }

  /** What everybody has a network as: shared, or external. */
  async #share(
    tx: Tx,
    { id, project_id }: store.NetworkRow,
    action: 'access_as_shared' | 'access_as_external',
    wanted: boolean,
  ): Promise<void> {
    if (!wanted) {
      await ensureNotSharedWithAll(tx, 'network', id, action);
      return;
    }
    const policyId = this.#deps.newId();
    await ensureSharedWithAll(tx, {
      id: policyId,
      project_id,
      object_type: 'network',
      object_id: id,
      action,
    });
  }
}

/** Whose a network is, as policies ask for it. */
export function targetOfNetwork({ row, shared }: Pick<Network, 'row' | 'shared'>) {
  return {
    ...targetOfProject(row.project_id),
    shared,
    'router:external': row.external === 1,
  };
}

function targetOfProject(projectId: string) {
  return { project_id: projectId, tenant_id: projectId };
}

function changedColumns(values: NetworkUpdate) {
  return {
    ...(values.name !== undefined && { name: values.name }),
    ...(values.description !== undefined && { description: values.description }),
    ...(values.dns_domain !== undefined && { dns_domain: values.dns_domain }),
    ...(values.admin_state_up !== undefined && { admin_state_up: flag(values.admin_state_up) }),
    ...(values.is_default !== undefined && { is_default: flag(values.is_default) }),
    ...(values.port_security_enabled !== undefined && {
      port_security_enabled: flag(values.port_security_enabled),
    }),
    ...(values.storm_control && { storm_control: JSON.stringify(values.storm_control) }),
    ...(values['router:external'] !== undefined && { external: flag(values['router:external']) }),
  };
}

/** There are no QoS policies yet, so none can be found. */
function checkQos({ qos_policy_id: id }: { qos_policy_id?: string | null }): void {
  if (id != null) throw qosPolicyNotFound(id);
}
