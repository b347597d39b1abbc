/** Tells hosts what has changed: reads the rows after the commit and says in the desired documents what they mean. */
import { KeyedQueue } from '#base/async.ts';
import type { NetworkSpec } from '#base/host/links.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { HostSync } from '../network-deps.ts';
import { findNetworksById } from '../networks/network.store.ts';
import { subnetsOf } from '../subnets/subnet.store.ts';
import {
  findAllPlugged,
  findDhcpPort,
  findPlugged,
  findPluggedOnNetwork,
  isPluggedOn,
  leasesOf,
  type PluggedPort,
} from './binding.store.ts';
import { networkSpec, portSpec } from './host-specs.ts';
import type { KnownHosts } from './known-hosts.ts';
import { seesPlugged } from './port-status.ts';

export type DesiredSyncDeps = {
  readonly db: Db;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly known: KnownHosts;
  /** The domain of guests on networks without one of their own. */
  readonly domain: string;
};

export class DesiredSync implements HostSync {
  readonly #deps: DesiredSyncDeps;
  /** One at a time a network, so that an older reading never overwrites a newer one. */
  readonly #queue = new KeyedQueue();
  /** Networks that will be read soon: whoever changes one now need not have it read twice. */
  readonly #owed = new Map<string, Promise<void>>();

  constructor(deps: DesiredSyncDeps) {
    this.#deps = deps;
  }

  isKnown(host: string): boolean {
    return this.#deps.known.has(host);
  }

  seesPlugged(host: string, portId: string): boolean | undefined {
    return seesPlugged(this.#deps.observed, host, portId);
  }

  async portsChanged(networkId: string, portIds: readonly string[]): Promise<void> {
    await this.#queue.run(networkId, async () => {
      const { db } = this.#deps;
      const plugged = await findPlugged(db, portIds);
      // The network first: nothing is plugged into what is not there.
      for (const { host } of plugged.values()) await this.#ensureNetwork(host, networkId);
      for (const id of portIds) this.#say(id, plugged.get(id));
    });
    await this.#readSoon(networkId);
  }

  async networkChanged(networkId: string): Promise<void> {
    await this.#queue.run(networkId, async () => await this.#sayPorts(networkId));
    await this.#readSoon(networkId);
  }

  /** Says everything again, of all hosts. Returns how many members there are, and how many were different. */
  async sayAll(): Promise<{ readonly seen: number; readonly changed: number }> {
    const { db, desired } = this.#deps;
    let changed = 0;
    const stop = desired.onChange(({ section }) => {
      if (section === 'ports' || section === 'networks') changed += 1;
    });
    try {
      await this.#forgetGonePorts();
      const plugged = await findAllPlugged(db);
      const had = desired.hosts().flatMap((host) => desired.ids(host, 'networks'));
      const networks = new Set([...plugged.map((port) => port.network_id), ...had]);
      for (const networkId of networks) await this.networkChanged(networkId);
      return { seen: plugged.length + networks.size, changed };
    } finally {
      stop();
    }
  }

  async #sayPorts(networkId: string): Promise<void> {
    for (const port of await findPluggedOnNetwork(this.#deps.db, networkId)) {
      await this.#ensureNetwork(port.host, networkId);
      this.#say(port.id, port);
    }
  }

  /** Ports that a host has and that are plugged there no more. */
  async #forgetGonePorts(): Promise<void> {
    const { db, desired } = this.#deps;
    for (const host of desired.hosts()) {
      const ids = desired.ids(host, 'ports');
      const plugged = await findPlugged(db, ids);
      for (const id of ids) {
        const said = desired.find(host, 'ports', id);
        // Read again in its turn, since it may have been plugged meanwhile.
        if (said && plugged.get(id)?.host !== host) await this.portsChanged(said.networkId, [id]);
      }
    }
  }

  /** One port is plugged where its row says, and nowhere else. */
  #say(id: string, port: PluggedPort | undefined): void {
    const { desired } = this.#deps;
    for (const host of desired.hosts()) {
      if (host !== port?.host && desired.find(host, 'ports', id)) {
        desired.set(host, 'ports', id, null);
      }
    }
    if (port) desired.set(port.host, 'ports', id, portSpec(port, port.mtu));
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
      owed = this.#queue.run(networkId, async () => {
        this.#owed.delete(networkId);
        await this.#sayNetwork(networkId);
      });
      this.#owed.set(networkId, owed);
    }
    await owed;
  }

  /** A network is on the hosts that plug a port of it: there it is brought up to date, or forgotten. */
  async #sayNetwork(networkId: string): Promise<void> {
    const { db, desired } = this.#deps;
    const had = desired.hosts().filter((host) => desired.find(host, 'networks', networkId));
    if (had.length === 0) return;
    const spec = await this.#specOf(networkId);
    for (const host of had) {
      const needed = spec !== undefined && (await isPluggedOn(db, networkId, host));
      desired.set(host, 'networks', networkId, needed ? spec : null);
    }
  }

  async #specOf(networkId: string): Promise<NetworkSpec | undefined> {
    const { db, domain } = this.#deps;
    const network = (await findNetworksById(db, [networkId])).get(networkId);
    if (!network) return undefined;
    const dhcpPort = await findDhcpPort(db, networkId);
    const subnets = await subnetsOf(db, networkId);
    const leases = dhcpPort ? await leasesOf(db, networkId) : [];
    return networkSpec(network, subnets, dhcpPort, { leases, domain });
  }
}
