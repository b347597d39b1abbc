/** Tells hosts what has changed: reads the rows after the commit and says in the desired documents what they mean. */
import { KeyedQueue } from '#base/async.ts';
import { SECTIONS } from '#base/host/document.ts';
import type { NetworkSpec } from '#base/host/links.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import type { HostSync } from '../network-deps.ts';
import { findNetworksById } from '../networks/network.store.ts';
import { subnetsOf } from '../subnets/subnet.store.ts';
import { isPlugged, type SeenPort } from './binding.rules.ts';
import {
  findDhcpPort,
  findPluggedOn,
  findPluggedNetworks,
  isPluggedOn,
  leasesOf,
} from './binding.store.ts';
import { FirewallSync } from './firewall-sync.ts';
import type { KnownHosts } from './known-hosts.ts';
import { networkSpec } from './network-specs.ts';
import { portSpec } from './port-specs.ts';
import { seenPort } from './port-status.ts';
import { RouterSync } from './router-sync.ts';
import {
  findPluggedOnNetwork,
  findPortIdsOnNetwork,
  findToldPorts,
  type ToldPort,
} from './told-port.store.ts';
import { findUplinkNetworks, isUplinkNetwork } from './told-router.store.ts';
import { unclaimedGateways } from './uplink-gateways.store.ts';

export type DesiredSyncDeps = {
  readonly db: Db;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly known: KnownHosts;
  /** The domain of guests on networks without one of their own. */
  readonly domain: string;
  readonly log: Logger;
};

export class DesiredSync implements HostSync {
  readonly #deps: DesiredSyncDeps;
  readonly #firewall: FirewallSync;
  readonly #routers: RouterSync;
  /** One reading and telling at a time, so that an older reading never overwrites a newer one. */
  readonly #queue = new KeyedQueue();
  /** Networks that will be read soon: whoever changes one now need not have it read twice. */
  readonly #owed = new Map<string, Promise<void>>();

  constructor(deps: DesiredSyncDeps) {
    this.#deps = deps;
    this.#firewall = new FirewallSync(deps);
    this.#routers = new RouterSync({
      ...deps,
      networks: {
        ensure: async (host, networkId) => await this.#ensureNetwork(host, networkId),
        release: async (networkId) => await this.#sayNetwork(networkId),
      },
    });
  }

  /** Finds work for hosts that come from now on, if they are the first. Returns the way to stop. */
  start(): () => void {
    const { observed, log } = this.#deps;
    return observed.onHost((host, { connected, listed }) => {
      if (!connected || listed > 0) return;
      this.#inTurn(async () => await this.#sayWaiting()).catch((err: unknown) => {
        // The reconciler makes up for it.
        log.error({ err, host }, 'a host that came could not be told what to route');
      });
    });
  }

  /** Resolves when everything that is under way has been said. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  /** The revision at which its host has a router as it is. */
  routerToldAt(routerId: string): number {
    return this.#routers.toldAt(routerId);
  }

  isKnown(host: string): boolean {
    return this.#deps.known.has(host);
  }

  seenPort(host: string, port: { readonly id: string; readonly device_id: string }): SeenPort {
    return seenPort(this.#deps, host, port);
  }

  async portsChanged(networkId: string, portIds: readonly string[]): Promise<void> {
    await this.#inTurn(async () => {
      const ports = await findToldPorts(this.#deps.db, portIds);
      for (const id of portIds) await this.#say(id, ports.get(id));
      await this.#routers.sayOfPorts(portIds);
    });
    await this.#readSoon(networkId);
  }

  async networkChanged(networkId: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.#sayPortsOn(networkId);
      await this.#routers.sayOnNetwork(networkId);
    });
    await this.#readSoon(networkId);
  }

  async routersChanged(ids: readonly string[]): Promise<void> {
    await this.#inTurn(async () => await this.#routers.say(ids));
  }

  async addressesChanged(networkId: string): Promise<void> {
    await this.portsChanged(networkId, await findPortIdsOnNetwork(this.#deps.db, networkId));
  }

  async groupsChanged(groupIds: readonly string[]): Promise<void> {
    await this.#inTurn(async () => await this.#firewall.sayGroups(groupIds));
  }

  async addressGroupsChanged(ids: readonly string[]): Promise<void> {
    await this.#inTurn(async () => await this.#firewall.sayAddressGroups(ids));
  }

  /** Says everything again, of all hosts. Returns how many members there are, and how many were different. */
  async sayAll(): Promise<{ readonly seen: number; readonly changed: number }> {
    const { db, desired } = this.#deps;
    let changed = 0;
    const stop = desired.onChange(({ section }) => {
      if (section !== 'servers') changed += 1;
    });
    try {
      await this.#forgetGonePorts();
      await this.#inTurn(async () => await this.#routers.sayAll());
      const had = desired.hosts().flatMap((host) => desired.ids(host, 'networks'));
      const uplinks = await findUplinkNetworks(db);
      const networks = new Set([...(await findPluggedNetworks(db)), ...uplinks, ...had]);
      for (const networkId of networks) {
        await this.#inTurn(async () => await this.#sayPortsOn(networkId));
        await this.#readSoon(networkId);
      }
      await this.#inTurn(async () => await this.#firewall.sayAll());
    } finally {
      stop();
    }
    return { seen: this.#members(), changed };
  }

  #members(): number {
    const { desired } = this.#deps;
    const sections = SECTIONS.filter((section) => section !== 'servers');
    const counts = desired
      .hosts()
      .flatMap((host) => sections.map((section) => desired.ids(host, section).length));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #inTurn(task: () => Promise<void>): Promise<void> {
    await this.#queue.run('told', task);
  }

  /** What no host was there for until now. */
  async #sayWaiting(): Promise<void> {
    await this.#routers.sayHomeless();
    for (const networkId of await findUplinkNetworks(this.#deps.db)) {
      await this.#sayNetwork(networkId);
    }
  }

  async #sayPortsOn(networkId: string): Promise<void> {
    for (const port of await findPluggedOnNetwork(this.#deps.db, networkId)) {
      await this.#say(port.row.id, port);
    }
  }

  /** Ports that a host has and that are plugged there no more. */
  async #forgetGonePorts(): Promise<void> {
    const { db, desired } = this.#deps;
    for (const host of desired.hosts()) {
      const ids = desired.ids(host, 'ports');
      const plugged = await findPluggedOn(db, host);
      for (const id of ids) {
        const said = desired.find(host, 'ports', id);
        // Read again in its turn, since it may have been plugged meanwhile.
        if (said && !plugged.has(id)) await this.portsChanged(said.networkId, [id]);
      }
    }
  }

  /** One port is plugged where its row says and nowhere else. What it needs there goes before it. */
  async #say(id: string, port: ToldPort | undefined): Promise<void> {
    const { desired } = this.#deps;
    const host = port && isPlugged(port.row, port.row) ? port.row.host : undefined;
    for (const other of desired.hosts()) {
      if (other !== host) this.#unplug(other, id);
    }
    if (!port || host === undefined) {
      this.#firewall.sayMember(id, port);
      return;
    }
    const before = desired.find(host, 'ports', id)?.firewall?.groups ?? [];
    const spec = portSpec(port);
    await this.#ensureNetwork(host, spec.networkId);
    await this.#firewall.ensureGroups(host, spec.firewall?.groups ?? []);
    this.#firewall.sayMember(id, port);
    desired.set(host, 'ports', id, spec);
    this.#firewall.dropIdle(host, before);
  }

  #unplug(host: string, id: string): void {
    const { desired } = this.#deps;
    const said = desired.find(host, 'ports', id);
    if (!said) return;
    desired.set(host, 'ports', id, null);
    this.#firewall.dropIdle(host, said.firewall?.groups ?? []);
  }

  async #ensureNetwork(host: string, networkId: string): Promise<void> {
    const { desired } = this.#deps;
    if (desired.find(host, 'networks', networkId)) return;
    const spec = await this.#specOf(networkId);
    if (spec) desired.set(host, 'networks', networkId, spec);
  }

  /** Reads a network once for all who ask before it is read. */
  async #readSoon(networkId: string): Promise<void> {
    let owed = this.#owed.get(networkId);
    if (!owed) {
      owed = this.#inTurn(async () => {
        this.#owed.delete(networkId);
        await this.#sayNetwork(networkId);
      });
      this.#owed.set(networkId, owed);
    }
    await owed;
  }

  /**
   * A network is on the hosts that plug a port of it or have a router on it: there it is brought up to date, or
   * forgotten. One that leads outside is on the host that routes in any case, so that its gateway answers.
   */
  async #sayNetwork(networkId: string): Promise<void> {
    const { db, desired } = this.#deps;
    const outside = (await isUplinkNetwork(db, networkId)) ? await this.#routers.routingHost() : '';
    const had = desired.hosts().filter((host) => desired.find(host, 'networks', networkId));
    const hosts = new Set([...had, ...(outside === '' ? [] : [outside])]);
    if (hosts.size === 0) return;
    const spec = await this.#specOf(networkId);
    for (const host of hosts) {
      const needed =
        host === outside ||
        this.#routers.uses(host, networkId) ||
        (await isPluggedOn(db, networkId, host));
      desired.set(host, 'networks', networkId, spec && needed ? spec : null);
    }
  }

  async #specOf(networkId: string): Promise<NetworkSpec | undefined> {
    const { db, domain } = this.#deps;
    const network = (await findNetworksById(db, [networkId])).get(networkId);
    if (!network) return undefined;
    const dhcpPort = await findDhcpPort(db, networkId);
    const subnets = await subnetsOf(db, networkId);
    const leases = dhcpPort ? await leasesOf(db, networkId) : [];
    const spec = networkSpec(network, subnets, dhcpPort, { leases, domain });
    if (spec.uplink === null) return spec;
    const addresses = await unclaimedGateways(db, networkId, spec.uplink.addresses);
    return { ...spec, uplink: { addresses } };
  }
}
