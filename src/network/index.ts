/** The network service's front door: Neutron v2.0, what other services need of it, and its work in the background. */
import { randomBytes } from 'node:crypto';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { networkDialect } from '#platform/http/fault-bodies.ts';
import type { Service } from '#platform/http/http-app.ts';
import { newMac, newUuid } from '#platform/ids.ts';
import type { Logger } from '#platform/log.ts';
import type { Metric } from '#platform/metrics.ts';
import { Policy } from '#platform/policy/policy.ts';
import type { Reconciler } from '#platform/reconcile/reconciler.ts';
import { DesiredSync } from './binding/host-sync.ts';
import { portBindingReconciler } from './binding/port-binding.reconciler.ts';
import { KnownHosts } from './binding/known-hosts.ts';
import { PortEvents } from './binding/port-events.ts';
import { PortStatus } from './binding/port-status.ts';
import { RouterStatus } from './binding/router-status.ts';
import { counterRoutes } from './counters/counter.routes.ts';
import { CounterService, type CounterReader } from './counters/counter.service.ts';
import { discoveryRoutes } from './discovery/discovery.routes.ts';
import { EXTRA_POLICIES, extraRoutes } from './extensions/all.routes.ts';
import { floatingIpPoolRoutes } from './floating-ip-pools/floating-ip-pool.routes.ts';
import { floatingIpRoutes } from './floating-ips/floating-ip.routes.ts';
import { FloatingIpService, targetOfFloatingIp } from './floating-ips/floating-ip.service.ts';
import { portMetrics } from './metrics/port-metrics.ts';
import type { NetworkApi } from './network-api.ts';
import { DEFAULT_SETTINGS, type NetworkDeps, type NetworkSettings } from './network-deps.ts';
import { NetworkFront } from './network-front.ts';
import { policyNotAuthorized } from './network.faults.ts';
import { networkRoutes } from './networks/network.routes.ts';
import { NetworkService, targetOfNetwork } from './networks/network.service.ts';
import { CORE_POLICIES } from './policies.ts';
import { portBindingRoutes } from './port-bindings/port-binding.routes.ts';
import { PortBindingService } from './port-bindings/port-binding.service.ts';
import { portForwardingRoutes } from './port-forwardings/port-forwarding.routes.ts';
import { PortForwardingService } from './port-forwardings/port-forwarding.service.ts';
import { portFinder } from './ports/find-port.ts';
import { targetOfPort } from './ports/port-target.ts';
import { portRoutes } from './ports/port.routes.ts';
import { PortService } from './ports/port.service.ts';
import { routerRoutes } from './routers/router.routes.ts';
import { RouterService, targetOfRouter } from './routers/router.service.ts';
import { stormEventRoutes } from './storm-events/storm-event.routes.ts';
import { StormEventService } from './storm-events/storm-event.service.ts';
import { StormWatch } from './storm-events/storm-watch.ts';
import { subnetRoutes } from './subnets/subnet.routes.ts';
import { SubnetService, targetOfSubnet } from './subnets/subnet.service.ts';

export type { NetworkApi } from './network-api.ts';
export type { NetworkSettings } from './network-deps.ts';

export type NetworkOptions = {
  readonly db: Db;
  readonly log: Logger;
  readonly now: () => Date;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  /** Asks hosts for the counters of their ports. */
  readonly hostReader: CounterReader;
  /** What the operator wrote in `policy.yaml`, by rule name. */
  readonly policyOverrides?: Readonly<Record<string, string>>;
  readonly settings?: Partial<NetworkSettings>;
  readonly newId?: () => string;
  readonly newMac?: () => string;
  /** A number from 0 up to, not including, `below`. */
  readonly random?: (below: bigint) => bigint;
};

export type NetworkParts = {
  readonly api: NetworkApi;
  readonly service: Service;
  readonly reconcilers: readonly Reconciler[];
  /** The policy, for tests that look at all routes. */
  readonly policy: Policy;
  /** Figures for Prometheus: what goes through ports, and what is dropped. */
  metrics(signal: AbortSignal): Promise<readonly Metric[]>;
  /** Says to all hosts what they should plug. Call it once, before any agent is let in. */
  loadDesired(): Promise<void>;
  /** Resolves when every observation so far has become a status. */
  idle(): Promise<void>;
  /** Stops following what hosts see. */
  close(): Promise<void>;
};

const PREFIX = '/networking';

export function createNetwork(options: NetworkOptions): NetworkParts {
  const { db, log, now, desired, observed, hostReader } = options;
  const settings = { ...DEFAULT_SETTINGS, ...options.settings };
  const policy = new Policy(
    [...CORE_POLICIES, ...EXTRA_POLICIES],
    options.policyOverrides ?? {},
    (rule) => policyNotAuthorized(`rule:${rule}`),
  );
  const events = new PortEvents(log);
  const known = new KnownHosts({ db, observed, log });
  const sync = new DesiredSync({
    db,
    desired,
    observed,
    known,
    domain: settings.dnsDomain,
    log,
  });
  const status = new PortStatus({ db, desired, observed, events, now, log });
  const toldAt = (routerId: string) => sync.routerToldAt(routerId);
  const routerStatus = new RouterStatus({ db, observed, events, now, log, toldAt });
  const newId = options.newId ?? newUuid;
  const storms = new StormWatch({ db, observed, newId, now, log });
  const deps: NetworkDeps = {
    db,
    policy,
    now,
    newId,
    newMac: options.newMac ?? newMac,
    random: options.random ?? randomBelow,
    settings,
    hosts: sync,
    events,
  };
  const networks = new NetworkService(deps);
  const subnets = new SubnetService(deps);
  const ports = new PortService(deps);
  const routers = new RouterService(deps);
  const floatingIps = new FloatingIpService(deps);
  const findPort = portFinder(ports, policy);
  const stops = [known.start(), sync.start(), status.start(), routerStatus.start(), storms.start()];

  const findTarget = {
    networks: async (ctx: Context, id: string) => targetOfNetwork(await networks.get(ctx, id)),
    subnets: async (ctx: Context, id: string) => targetOfSubnet(await subnets.get(ctx, id)),
    ports: async (ctx: Context, id: string) => {
      const { row, network } = await ports.get(ctx, id);
      return targetOfPort(row, network);
    },
    routers: async (ctx: Context, id: string) => targetOfRouter(await routers.get(ctx, id)),
    floatingips: async (ctx: Context, id: string) =>
      targetOfFloatingIp((await floatingIps.get(ctx, id)).row),
  };

  const registerExtras = extraRoutes({ ...deps, observed, findTarget });
  const service: Service = {
    prefix: PREFIX,
    ignoresContentType: true,
    dialect: networkDialect,
    routes: (app) => {
      discoveryRoutes(app, PREFIX);
      networkRoutes(app, networks, policy);
      subnetRoutes(app, subnets, policy);
      portRoutes(app, ports, {
        policy,
        domain: settings.dnsDomain,
        stormStateOf: (host, id) => observed.find(host, 'ports', id)?.storm ?? 'ok',
      });
      routerRoutes(app, routers, policy);
      floatingIpRoutes(app, floatingIps, policy);
      portForwardingRoutes(app, new PortForwardingService(deps), policy);
      floatingIpPoolRoutes(app, { db, policy });
      portBindingRoutes(app, new PortBindingService(deps));
      stormEventRoutes(app, new StormEventService({ db, findPort }));
      counterRoutes(app, new CounterService({ findPort, hostReader }));
      registerExtras(app);
    },
  };

  return {
    api: new NetworkFront({ db, ports, floatingIps, events }),
    service,
    reconcilers: [portBindingReconciler(sync, status, routerStatus)],
    policy,
    metrics: async (signal) => await portMetrics({ db, observed, hostReader, log }, signal),
    loadDesired: async () => {
      await known.load();
      await storms.load();
      await sync.sayAll();
    },
    idle: async () => {
      await sync.idle();
      await status.idle();
      await routerStatus.idle();
      await storms.idle();
    },
    close: async () => {
      for (const stop of stops) stop();
      await known.idle();
      await sync.idle();
      await status.idle();
      await routerStatus.idle();
      await storms.idle();
    },
  };
}

/** A number at random, fair enough for choosing addresses. */
function randomBelow(below: bigint): bigint {
  return BigInt(`0x${randomBytes(16).toString('hex')}`) % below;
}
