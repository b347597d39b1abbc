/** A network service in memory, for tests of compute: networks, ports, addresses, quotas, and calls that fail. */
import { DEFAULT_STORM_CONTROL, pinnedTo } from '#base/host/firewall.ts';
import { Fault } from '#platform/fault.ts';
import type { Context } from '#platform/context.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { tapName } from '#base/host/links.ts';
import type {
  NetworkApi,
  NetworkFacts,
  PortDevice,
  PortEvent,
  PortFacts,
  FixedIpWanted,
  PortWanted,
  SecurityGroupFacts,
  SubnetFacts,
} from '#network/network-api.ts';
import { FakeFloatingIps } from './fake-floating-ips.ts';

export type FakePort = { -readonly [K in keyof PortFacts]: PortFacts[K] };

export type FakeGroup = Pick<SecurityGroupFacts, 'id' | 'name' | 'projectId'> &
  Partial<SecurityGroupFacts>;

export class FakeNetwork implements NetworkApi {
  readonly networks = new Map<string, NetworkFacts>();
  readonly ports = new Map<string, FakePort>();
  readonly groups: FakeGroup[] = [];
  readonly floatingIps = new FakeFloatingIps(this.ports);
  /** What was called to change something, in order, such as `ensurePort <id>`. */
  readonly calls: string[] = [];
  quota = -1;
  /** What a port is from the moment that it is bound to a host. */
  boundAs: FakePort['status'] = 'ACTIVE';
  /** Throws what a test wants to be thrown. */
  refuse: (call: string) => Fault | undefined = () => undefined;
  #desired: DesiredHosts;
  readonly #listeners = new Set<(event: PortEvent) => void>();
  #next = 10;

  constructor(desired: DesiredHosts) {
    this.#desired = desired;
  }

  /** Tells another document what is plugged, as after a restart of control. */
  attach(desired: DesiredHosts): void {
    this.#desired = desired;
    this.#listeners.clear();
    for (const port of this.ports.values()) {
      if (port.hostId !== '') this.#tell(port);
    }
  }

  addNetwork(id: string, change: Partial<NetworkFacts> = {}): NetworkFacts {
    const network: NetworkFacts = {
      id,
      name: `net-${this.networks.size + 1}`,
      projectId: 'red',
      shared: false,
      external: false,
      adminStateUp: true,
      mtu: 1450,
      portSecurityEnabled: true,
      dnsDomain: '',
      subnets: [this.subnet(`${this.networks.size}`)],
      ...change,
    };
    this.networks.set(id, network);
    return network;
  }

  subnet(third: string, change: Partial<SubnetFacts> = {}): SubnetFacts {
    return {
      id: `subnet-${third}`,
      cidr: `10.0.${third}.0/24`,
      ipVersion: 4,
      gatewayIp: `10.0.${third}.1`,
      enableDhcp: true,
      dnsNameservers: [],
      hostRoutes: [],
      ipv6AddressMode: null,
      ...change,
    };
  }

  addPort(id: string, networkId: string, change: Partial<PortFacts> = {}): FakePort {
    const network = this.networks.get(networkId);
    const subnet = network?.subnets[0];
    this.#next += 1;
    const port: FakePort = {
      id,
      projectId: 'red',
      networkId,
      mac: `fa:16:3e:00:00:${this.#next.toString(16).padStart(2, '0')}`,
      fixedIps: subnet
        ? [{ subnetId: subnet.id, ip: subnet.cidr.replace('0/24', String(this.#next)) }]
        : [],
      floatingIps: [],
      ipAllocation: 'immediate',
      deviceId: '',
      deviceOwner: '',
      hostId: '',
      status: 'DOWN',
      adminStateUp: true,
      vifType: 'unbound',
      vnicType: 'normal',
      portSecurityEnabled: network?.portSecurityEnabled ?? true,
      securityGroups:
        network?.portSecurityEnabled === false ? [] : [{ id: 'sg-default', name: 'default' }],
      dnsName: '',
      hasResourceRequest: false,
      ...change,
    };
    this.ports.set(id, port);
    return port;
  }

  /** As a host would see it from now on. */
  see(id: string, status: FakePort['status']): void {
    const port = this.ports.get(id);
    if (!port) throw new Error(`there is no port '${id}'`);
    port.status = status;
    const kind = {
      ACTIVE: 'plugged',
      ERROR: 'failed',
      DOWN: 'unplugged',
      BUILD: 'unplugged',
    } as const;
    for (const tell of this.#listeners) {
      tell({ kind: kind[status], portId: id, deviceId: port.deviceId });
    }
  }

  /** As a user would delete it. */
  deletePort(id: string): void {
    const port = this.ports.get(id);
    if (!port) return;
    this.ports.delete(id);
    if (port.hostId !== '') this.#desired.set(port.hostId, 'ports', id, null);
    for (const tell of this.#listeners) {
      tell({ kind: 'deleted', portId: id, deviceId: port.deviceId });
    }
  }

  async availableNetworks(ctx: Context): Promise<readonly NetworkFacts[]> {
    return [...this.networks.values()].filter((each) => this.#sees(ctx, each));
  }

  async findNetworks(ctx: Context, ids: readonly string[]): Promise<readonly NetworkFacts[]> {
    return ids.flatMap((id) => {
      const network = this.networks.get(id);
      return network && this.#sees(ctx, network) ? [network] : [];
    });
  }

  async findPort(ctx: Context, id: string): Promise<PortFacts | undefined> {
    const port = this.ports.get(id);
    const seen = ctx.internal || ctx.roles.has('admin') || port?.projectId === ctx.projectId;
    return port && seen ? { ...port } : undefined;
  }

  async findPortByAddress(networkId: string, ip: string): Promise<PortFacts | undefined> {
    return [...this.ports.values()].find(
      (port) => port.networkId === networkId && port.fixedIps.some((each) => each.ip === ip),
    );
  }

  async portsOf(
    _ctx: Context,
    deviceIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PortFacts[]>> {
    const ports = [...this.ports.values()].filter(({ deviceId }) => deviceIds.includes(deviceId));
    return Map.groupBy(ports, ({ deviceId }) => deviceId);
  }

  async findSecurityGroups(ctx: Context, namesOrIds: readonly string[]) {
    const own = this.groups.filter(({ projectId }) => projectId === ctx.projectId);
    return namesOrIds.map((text) => {
      const byId = own.find(({ id }) => id === text);
      const named = own.filter(({ name }) => name === text);
      if (!byId && named.length > 1) {
        throw new Fault('conflict', 'NoUniqueMatch', `Several groups have the name '${text}'.`);
      }
      return byId ?? named[0];
    });
  }

  async securityGroups(ctx: Context, ids: readonly string[]) {
    const seen = this.groups.filter(
      ({ id, projectId }) => ids.includes(id) && (ctx.internal || projectId === ctx.projectId),
    );
    return seen.map((group) => ({ description: '', rules: [], ...group }));
  }

  async changeFixedIps(
    _ctx: Context,
    portId: string,
    change: (addresses: readonly FixedIpWanted[]) => readonly FixedIpWanted[],
  ): Promise<void> {
    this.#called(`changeFixedIps ${portId}`);
    const port = this.ports.get(portId);
    if (!port) throw new Error(`there is no port ${portId}`);
    const fixedIps = change(port.fixedIps).map(({ subnetId, ip }) => ({
      subnetId,
      ip: ip ?? `10.0.9.${this.ports.size + 1}`,
    }));
    this.ports.set(portId, { ...port, fixedIps });
  }

  async ensurePortInGroup(_ctx: Context, portId: string, groupId: string): Promise<void> {
    this.#called(`ensurePortInGroup ${portId}`);
    const name = this.groups.find((group) => group.id === groupId)?.name ?? groupId;
    this.#regroup(portId, groupId, [{ id: groupId, name }]);
  }

  async ensurePortNotInGroup(_ctx: Context, portId: string, groupId: string): Promise<void> {
    this.#called(`ensurePortNotInGroup ${portId}`);
    this.#regroup(portId, groupId, []);
  }

  #regroup(portId: string, groupId: string, added: PortFacts['securityGroups']): void {
    const port = this.ports.get(portId);
    if (!port) throw new Fault('not-found', 'PortNotFound', `Port ${portId} could not be found.`);
    const others = port.securityGroups.filter(({ id }) => id !== groupId);
    port.securityGroups = [...others, ...added];
  }

  async portQuota(): Promise<{ readonly limit: number; readonly used: number }> {
    return { limit: this.quota, used: this.ports.size };
  }

  async ensurePort(_ctx: Context, wanted: PortWanted, device: PortDevice): Promise<PortFacts> {
    this.#called(`ensurePort ${wanted.networkId}`);
    const port =
      this.ports.get(wanted.id) ??
      this.addPort(wanted.id, wanted.networkId, { projectId: wanted.projectId });
    if (wanted.fixedIp !== null) {
      port.fixedIps = [{ subnetId: port.fixedIps[0]?.subnetId ?? '', ip: wanted.fixedIp }];
    }
    if (wanted.securityGroups !== null) {
      port.securityGroups = wanted.securityGroups.map((id) => ({
        id,
        name: this.groups.find((group) => group.id === id)?.name ?? id,
      }));
    }
    return this.#bind(port, device);
  }

  async ensurePortBound(_ctx: Context, portId: string, device: PortDevice): Promise<PortFacts> {
    this.#called(`ensurePortBound ${portId}`);
    const port = this.ports.get(portId);
    if (!port) {
      throw new Fault('not-found', 'PortNotFound', `Port ${portId} could not be found.`);
    }
    return this.#bind(port, device);
  }

  async ensurePortUnbound(_ctx: Context, portId: string, deviceId: string): Promise<void> {
    this.#called(`ensurePortUnbound ${portId}`);
    const port = this.ports.get(portId);
    if (!port || port.deviceId !== deviceId) return;
    this.#desired.set(port.hostId, 'ports', portId, null);
    Object.assign(port, {
      deviceId: '',
      deviceOwner: '',
      hostId: '',
      status: 'DOWN',
      vifType: 'unbound',
    });
  }

  async ensurePortAbsent(_ctx: Context, portId: string, deviceId: string): Promise<void> {
    this.#called(`ensurePortAbsent ${portId}`);
    const port = this.ports.get(portId);
    if (!port || port.deviceId !== deviceId) return;
    this.deletePort(portId);
  }

  onPortEvent(listener: (event: PortEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #bind(port: FakePort, device: PortDevice): PortFacts {
    if (port.deviceId !== '' && port.deviceId !== device.deviceId) {
      throw new Fault('conflict', 'PortInUse', `Port ${port.id} is still in use.`);
    }
    Object.assign(port, {
      deviceId: device.deviceId,
      deviceOwner: device.deviceOwner,
      hostId: device.host,
      vifType: 'tap',
      status: this.boundAs,
      dnsName: device.hostname,
    });
    this.#tell(port);
    return { ...port };
  }

  #tell(port: FakePort): void {
    this.#desired.set(port.hostId, 'ports', port.id, {
      id: port.id,
      networkId: port.networkId,
      tap: tapName(port.id),
      mac: port.mac,
      mtu: 1450,
      adminStateUp: true,
      firewall: pinnedTo([port.mac]),
      storm: DEFAULT_STORM_CONTROL,
    });
  }

  #sees(ctx: Context, network: NetworkFacts): boolean {
    return ctx.internal || network.shared || network.projectId === ctx.projectId;
  }

  #called(call: string): void {
    this.calls.push(call);
    const fault = this.refuse(call);
    if (fault) throw fault;
  }
}
