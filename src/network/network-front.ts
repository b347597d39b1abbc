/** What other services may ask of the network service. */
import type { Context } from '#platform/context.ts';
import { internalContext } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import { isAdministrator } from './attributes/privilege.ts';
import type { PortEvents } from './binding/port-events.ts';
import { FloatingIpFront } from './floating-ips/floating-ip-front.ts';
import type { FloatingIpService } from './floating-ips/floating-ip.service.ts';
import { floatingIpsOfPorts } from './floating-ips/floating-ip.store.ts';
import {
  listAvailableNetworks,
  findVisibleNetworks,
  type NetworkRow,
} from './networks/network.store.ts';
import type {
  FloatingIpApi,
  NetworkApi,
  NetworkFacts,
  PortDevice,
  PortEvent,
  PortFacts,
  FixedIpWanted,
  PortWanted,
  SecurityGroupFacts,
} from './network-api.ts';
import { portInUse, portNotFound, severalGroupsNamed } from './network.faults.ts';
import { PLAIN_PORT } from './ports/own-port.ts';
import type { PortCreate, PortUpdate } from './ports/port.schema.ts';
import type { PortService } from './ports/port.service.ts';
import { findPortsOfDevices, findVisiblePort } from './ports/port-list.store.ts';
import * as ports from './ports/port.store.ts';
import { wholePort, wholePorts, type Port } from './ports/whole-port.store.ts';
import { quotaOf } from './quotas/check-quota.ts';
import { findShared } from './rbac-policies/rbac-policy.store.ts';
import { groupsOfPorts } from './security-groups/port-groups.ts';
import {
  groupsWithRules,
  type SecurityGroupRuleRow,
} from './security-groups/security-group-rule.store.ts';
import {
  findGroupsByNameOrId,
  type SecurityGroupRow,
} from './security-groups/security-group.store.ts';
import type { HostRoute } from './subnets/subnet.schema.ts';
import { subnetsOfNetworks, type SubnetRow } from './subnets/subnet.store.ts';

export type NetworkFrontDeps = {
  readonly db: Db;
  readonly ports: PortService;
  readonly floatingIps: FloatingIpService;
  readonly events: PortEvents;
};

type FindPort = (tx: Tx) => Promise<ports.PortRow | undefined>;

export class NetworkFront implements NetworkApi {
  readonly #deps: NetworkFrontDeps;
  readonly floatingIps: FloatingIpApi;

  constructor(deps: NetworkFrontDeps) {
    this.#deps = deps;
    this.floatingIps = new FloatingIpFront(deps);
  }

  async availableNetworks(ctx: Context): Promise<readonly NetworkFacts[]> {
    return await this.#networkFacts(ctx, await listAvailableNetworks(this.#deps.db, ctx));
  }

  async findNetworks(ctx: Context, ids: readonly string[]): Promise<readonly NetworkFacts[]> {
    return await this.#networkFacts(ctx, await findVisibleNetworks(this.#deps.db, ctx, ids));
  }

  async findPort(ctx: Context, id: string): Promise<PortFacts | undefined> {
    return await this.#portFact(async (tx) => await findVisiblePort(tx, ctx, id));
  }

  async findPortByAddress(networkId: string, ip: string): Promise<PortFacts | undefined> {
    return await this.#portFact(async (tx) => await ports.findPortByAddress(tx, networkId, ip));
  }

  async portsOf(
    ctx: Context,
    deviceIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PortFacts[]>> {
    const found = await this.#deps.db
      .transaction()
      .execute(async (tx) => await wholePorts(tx, await findPortsOfDevices(tx, ctx, deviceIds)));
    const facts = await this.#portFacts(found);
    return Map.groupBy(facts, (port) => port.deviceId);
  }

  async findSecurityGroups(
    ctx: Context,
    namesOrIds: readonly string[],
  ): Promise<readonly ({ readonly id: string; readonly name: string } | undefined)[]> {
    const groups = await findGroupsByNameOrId(this.#deps.db, ctx.projectId, namesOrIds);
    return namesOrIds.map((wanted) => {
      const byId = groups.find((group) => group.id === wanted);
      const named = groups.filter((group) => group.name === wanted);
      if (!byId && named.length > 1) throw severalGroupsNamed(wanted);
      return byId ?? named[0];
    });
  }

  async securityGroups(
    ctx: Context,
    ids: readonly string[],
  ): Promise<readonly SecurityGroupFacts[]> {
    const projectId = isAdministrator(ctx) ? null : ctx.projectId;
    return (await groupsWithRules(this.#deps.db, ids, projectId)).map(securityGroupFacts);
  }

  async portQuota(
    _ctx: Context,
    projectId: string,
  ): Promise<{ readonly limit: number; readonly used: number }> {
    return await quotaOf(this.#deps.db, projectId, 'port');
  }

  async ensurePort(ctx: Context, wanted: PortWanted, device: PortDevice): Promise<PortFacts> {
    const { db, ports: service } = this.#deps;
    const there = await ports.findPort(db, wanted.id);
    if (there) return await this.#bind(ctx, there.id, device);
    const values = newPort(wanted, device);
    // Only what the caller chose is asked of the policy; the device and its host are the cloud's own affair.
    const chosen = wanted.fixedIp === null ? {} : { fixed_ips: values.fixed_ips };
    const made = await service.create(ctx, [{ id: wanted.id, values, chosen }]);
    return only(await this.#portFacts(made));
  }

  async ensurePortBound(ctx: Context, portId: string, device: PortDevice): Promise<PortFacts> {
    const row = await findVisiblePort(this.#deps.db, ctx, portId);
    if (!row) throw portNotFound(portId);
    return await this.#bind(ctx, portId, device);
  }

  async #bind(ctx: Context, portId: string, device: PortDevice): Promise<PortFacts> {
    const { ports: service } = this.#deps;
    const port = await this.#whole(async (tx) => await ports.findPort(tx, portId));
    if (!port) throw portNotFound(portId);
    const { row } = port;
    if (row.device_id !== '' && row.device_id !== device.deviceId) {
      throw portInUse(portId, row.network_id, row.device_id);
    }
    const bound = row.device_id === device.deviceId && port.binding.host === device.host;
    if (bound && port.binding.vif_type === 'tap') return only(await this.#portFacts([port]));
    const change: PortUpdate = {
      device_id: device.deviceId,
      device_owner: device.deviceOwner,
      'binding:host_id': device.host,
      ...(row.dns_name === '' && { dns_name: device.hostname }),
    };
    const after = await service.update(own(ctx), portId, { values: change, chosen: {} });
    return only(await this.#portFacts([after]));
  }

  async ensurePortUnbound(ctx: Context, portId: string, deviceId: string): Promise<void> {
    const row = await ports.findPort(this.#deps.db, portId);
    if (row?.device_id !== deviceId) return;
    const change: PortUpdate = {
      device_id: '',
      device_owner: '',
      'binding:host_id': '',
      'binding:profile': {},
      dns_name: '',
    };
    await this.#deps.ports.update(own(ctx), portId, { values: change, chosen: {} });
  }

  async ensurePortAbsent(ctx: Context, portId: string, deviceId: string): Promise<void> {
    const row = await ports.findPort(this.#deps.db, portId);
    if (row?.device_id !== deviceId) return;
    await this.#deps.ports.delete(own(ctx), portId);
  }

  async changeFixedIps(
    ctx: Context,
    portId: string,
    change: (addresses: readonly FixedIpWanted[]) => readonly FixedIpWanted[],
  ): Promise<void> {
    await this.#deps.ports.update(ctx, portId, ({ fixedIps }) => {
      const has = fixedIps.map(({ subnet_id, ip_address }) => ({
        subnetId: subnet_id,
        ip: ip_address,
      }));
      const fixed_ips = change(has).map(({ subnetId, ip }) => ({
        subnet_id: subnetId,
        ...(ip !== undefined && { ip_address: ip }),
      }));
      return { values: { fixed_ips }, chosen: { fixed_ips } };
    });
  }

  async ensurePortInGroup(ctx: Context, portId: string, groupId: string): Promise<void> {
    await this.#regroup(ctx, portId, (ids) => [...ids, groupId]);
  }

  async ensurePortNotInGroup(ctx: Context, portId: string, groupId: string): Promise<void> {
    await this.#regroup(ctx, portId, (ids) => ids.filter((id) => id !== groupId));
  }

  async #regroup(
    ctx: Context,
    portId: string,
    change: (groupIds: readonly string[]) => readonly string[],
  ): Promise<void> {
    await this.#deps.ports.update(ctx, portId, (port) => {
      const values = { security_groups: [...new Set(change(port.groupIds))] };
      return { values, chosen: values };
    });
  }

  onPortEvent(listener: (event: PortEvent) => void): () => void {
    return this.#deps.events.on(listener);
  }

  async #portFact(find: FindPort): Promise<PortFacts | undefined> {
    const port = await this.#whole(find);
    return port && only(await this.#portFacts([port]));
  }

  async #whole(find: FindPort): Promise<Port | undefined> {
    return await this.#deps.db.transaction().execute(async (tx) => {
      const row = await find(tx);
      return row && (await wholePort(tx, row));
    });
  }

  async #portFacts(whole: readonly Port[]): Promise<readonly PortFacts[]> {
    const { db } = this.#deps;
    const ids = whole.map((port) => port.row.id);
    const groups = await groupsOfPorts(db, ids);
    const floatingIps = await floatingIpsOfPorts(db, ids);
    return whole.map((port) => ({
      ...portFacts(port),
      floatingIps: (floatingIps.get(port.row.id) ?? []).map((row) => ({
        ip: row.floating_ip_address,
        fixedIp: row.fixed_ip_address ?? '',
      })),
      securityGroups: groups.get(port.row.id) ?? [],
    }));
  }

  async #networkFacts(ctx: Context, rows: readonly NetworkRow[]): Promise<readonly NetworkFacts[]> {
    const { db } = this.#deps;
    const ids = rows.map((row) => row.id);
    const shared = await findShared(db, 'network', ids, ctx.projectId);
    const subnets = await subnetsOfNetworks(db, ids);
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      projectId: row.project_id,
      shared: shared.has(row.id),
      external: row.external === 1,
      adminStateUp: row.admin_state_up === 1,
      mtu: row.mtu,
      portSecurityEnabled: row.port_security_enabled === 1,
      dnsDomain: row.dns_domain,
      subnets: (subnets.get(row.id) ?? []).map(subnetFacts),
    }));
  }
}

/** What the cloud does with a port for its own ends: policies are for what people do with it. */
function own(ctx: Context): Context {
  return internalContext(ctx.log, ctx.signal, ctx.projectId, ctx.requestId);
}

/** As Nova makes ports: with nothing but what was asked for, in the owner's name. */
function newPort(wanted: PortWanted, device: PortDevice): PortCreate {
  return {
    project_id: wanted.projectId,
    network_id: wanted.networkId,
    ...PLAIN_PORT,
    device_id: device.deviceId,
    device_owner: device.deviceOwner,
    'binding:host_id': device.host,
    dns_name: device.hostname,
    ...(wanted.fixedIp !== null && { fixed_ips: [{ ip_address: wanted.fixedIp }] }),
    ...(wanted.securityGroups && { security_groups: wanted.securityGroups }),
  };
}

function securityGroupFacts({
  group,
  rules,
}: {
  readonly group: SecurityGroupRow;
  readonly rules: readonly SecurityGroupRuleRow[];
}): SecurityGroupFacts {
  return {
    id: group.id,
    name: group.name,
    projectId: group.project_id,
    description: group.description,
    rules: rules.map((rule) => ({
      id: rule.id,
      direction: rule.direction,
      protocol: rule.protocol,
      portRangeMin: rule.port_range_min,
      portRangeMax: rule.port_range_max,
      remoteIpPrefix: rule.remote_ip_prefix,
      remoteGroupId: rule.remote_group_id,
    })),
  };
}

function subnetFacts(row: SubnetRow): NetworkFacts['subnets'][number] {
  return {
    id: row.id,
    cidr: row.cidr,
    ipVersion: row.ip_version,
    gatewayIp: row.gateway_ip,
    enableDhcp: row.enable_dhcp === 1,
    dnsNameservers: JSON.parse(row.dns_nameservers) as readonly string[],
    hostRoutes: JSON.parse(row.host_routes) as readonly HostRoute[],
    ipv6AddressMode: row.ipv6_address_mode,
  };
}

function only<T>(items: readonly T[]): T {
  return items[0] as T;
}

function portFacts({
  row,
  binding,
  fixedIps,
}: Port): Omit<PortFacts, 'floatingIps' | 'securityGroups'> {
  return {
    id: row.id,
    projectId: row.project_id,
    networkId: row.network_id,
    mac: row.mac_address,
    fixedIps: fixedIps.map((fixedIp) => ({ subnetId: fixedIp.subnet_id, ip: fixedIp.ip_address })),
    ipAllocation: row.ip_allocation,
    deviceId: row.device_id,
    deviceOwner: row.device_owner,
    hostId: binding.host,
    status: row.status,
    adminStateUp: row.admin_state_up === 1,
    vifType: binding.vif_type,
    vnicType: binding.vnic_type,
    portSecurityEnabled: row.port_security_enabled === 1,
    dnsName: row.dns_name,
    hasResourceRequest: false,
  };
}
