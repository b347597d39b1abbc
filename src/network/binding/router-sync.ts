/** Says to hosts what they should route. One host routes all: it is chosen when the first router needs one. */
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { planBinding } from './binding.rules.ts';
import type { KnownHosts } from './known-hosts.ts';
import { networksOf, routerSpec } from './router-specs.ts';
import {
  bindRouterPorts,
  findHomelessRouters,
  findRouterIds,
  findRoutersOfPorts,
  findRoutersOnNetwork,
  findRoutingHost,
  findToldRouters,
  setRouterHost,
  type ToldRouter,
} from './told-router.store.ts';

export type RouterSyncDeps = {
  readonly db: Db;
  readonly desired: DesiredHosts;
  readonly known: KnownHosts;
  readonly networks: {
    /** The network is on the host before a router is that needs it. */
    ensure(host: string, networkId: string): Promise<void>;
    /** A router needs the network no more: it stays for whoever else does. */
    release(networkId: string): Promise<void>;
  };
};

/** Every method is called one at a time, so that what was read last is said last. */
export class RouterSync {
  readonly #deps: RouterSyncDeps;
  /** The revision at which its host was told of a router as it is now. */
  readonly #told = new Map<string, number>();

  constructor(deps: RouterSyncDeps) {
    this.#deps = deps;
  }

  /** A host that has dealt with this revision has the router as it should be. */
  toldAt(routerId: string): number {
    return this.#told.get(routerId) ?? 0;
  }

  async say(ids: readonly string[]): Promise<void> {
    const routers = await findToldRouters(this.#deps.db, ids);
    for (const id of ids) await this.#say(id, routers.get(id));
  }

  async sayOfPorts(portIds: readonly string[]): Promise<void> {
    await this.say(await findRoutersOfPorts(this.#deps.db, portIds));
  }

  async sayOnNetwork(networkId: string): Promise<void> {
    await this.say(await findRoutersOnNetwork(this.#deps.db, networkId));
  }

  /** Finds a host for those that have none. */
  async sayHomeless(): Promise<void> {
    await this.say(await findHomelessRouters(this.#deps.db));
  }

  async sayAll(): Promise<void> {
    const { db, desired } = this.#deps;
    const had = desired.hosts().flatMap((host) => desired.ids(host, 'routers'));
    await this.say([...new Set([...(await findRouterIds(db)), ...had])]);
  }

  /** Whether a router of the host is on the network. */
  uses(host: string, networkId: string): boolean {
    const { desired } = this.#deps;
    return desired.ids(host, 'routers').some((id) => {
      const spec = desired.find(host, 'routers', id);
      return spec !== undefined && networksOf(spec).has(networkId);
    });
  }

  /** The host that routes, or would; '' while none is known. */
  async routingHost(): Promise<string> {
    const { db, known } = this.#deps;
    return (await findRoutingHost(db)) ?? known.first() ?? '';
  }

  async #say(id: string, router: ToldRouter | undefined): Promise<void> {
    const { db, desired, known, networks } = this.#deps;
    const host = router ? await this.#hostOf(router) : '';
    for (const other of desired.hosts()) {
      if (other !== host) await this.#drop(other, id);
    }
    if (!router || host === '') {
      this.#told.delete(id);
      return;
    }
    const before = desired.find(host, 'routers', id);
    const spec = routerSpec(router);
    const needed = networksOf(spec);
    for (const networkId of needed) await networks.ensure(host, networkId);
    const revisionBefore = desired.revision(host);
    const revision = desired.set(host, 'routers', id, spec);
    if (revision !== revisionBefore || !this.#told.has(id)) this.#told.set(id, revision);
    await bindRouterPorts(
      db,
      router.ports.map((port) => port.id),
      planBinding(host, 'normal', (name) => known.has(name)),
    );
    for (const networkId of before ? networksOf(before) : []) {
      if (!needed.has(networkId)) await networks.release(networkId);
    }
  }

  async #hostOf({ row }: ToldRouter): Promise<string> {
    if (row.host !== '') return row.host;
    const host = await this.routingHost();
    if (host !== '') await setRouterHost(this.#deps.db, row.id, host);
    return host;
  }

  async #drop(host: string, id: string): Promise<void> {
    const { desired, networks } = this.#deps;
    const before = desired.find(host, 'routers', id);
    if (!before) return;
    desired.set(host, 'routers', id, null);
    for (const networkId of networksOf(before)) await networks.release(networkId);
  }
}
