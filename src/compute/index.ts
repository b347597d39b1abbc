/** The compute service's front door: Nova v2.1, and what the app needs to run it. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { Policy } from '#platform/policy/policy.ts';
import type { Service } from '#platform/http/http-app.ts';
import type { SocketDoor } from '#platform/http/web-sockets.ts';
import type { Reconciler } from '#platform/reconcile/reconciler.ts';
import type { ComputeDeps, KeypairLookup } from './compute-deps.ts';
import { policyDenied } from './compute.faults.ts';
import { ADMIN_POLICIES, adminRoutes } from './admin.ts';
import { aggregateZones } from './aggregates/aggregate-zones.ts';
import { addressRoutes } from './addresses/address.routes.ts';
import { consoleRoutes } from './consoles/console.routes.ts';
import { Consoles } from './consoles/console.service.ts';
import { CONSOLE_POLICIES } from './consoles/policies.ts';
import { ensureDefaultFlavors } from './flavors/default-flavors.ts';
import { floatingIpRoutes } from './floating-ips/floating-ip.routes.ts';
import { FloatingIps } from './floating-ips/floating-ip.service.ts';
import { FLOATING_IP_POLICIES } from './floating-ips/policies.ts';
import { flavorRoutes } from './flavors/flavor.routes.ts';
import { FlavorService } from './flavors/flavor.service.ts';
import { computeService } from './http/compute-service.ts';
import { RequestCheck } from './http/request-check.ts';
import { KeypairService } from './keypairs/keypair.service.ts';
import { keypairRoutes } from './keypairs/keypair.routes.ts';
import { findKeypair } from './keypairs/keypair.store.ts';
import { KEYPAIR_POLICIES } from './keypairs/policies.ts';
import { instanceActionRoutes } from './instance-actions/instance-action.routes.ts';
import { interfaceAttach } from './interfaces/interface-attach.saga.ts';
import { interfaceDetach } from './interfaces/interface-detach.saga.ts';
import { interfaceRoutes } from './interfaces/interface.routes.ts';
import { InterfaceService } from './interfaces/interface.service.ts';
import { DEFAULT_PLUG_SETTINGS, PlugWatch } from './interfaces/plug-watch.ts';
import { LostPorts } from './interfaces/lost-ports.ts';
import { MetadataService } from './metadata/metadata.service.ts';
import { HostGrace } from './nodes/host-grace.ts';
import { NodeRegistrar } from './nodes/node-registrar.ts';
import { CORE_POLICIES } from './policies.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { serverMetadataRoutes } from './server-metadata/server-metadata.routes.ts';
import { ServerMetadata } from './server-metadata/server-metadata.service.ts';
import { EXTERNAL_EVENT_POLICIES } from './server-external-events/policies.ts';
import { serverExternalEventRoutes } from './server-external-events/server-external-event.routes.ts';
import { ServerExternalEvents } from './server-external-events/server-external-event.service.ts';
import { ServerGroupMembers } from './server-groups/server-group-members.ts';
import { serverSecurityGroupRoutes } from './server-security-groups/server-security-group.routes.ts';
import { ServerSecurityGroups } from './server-security-groups/server-security-group.service.ts';
import { serverTagRoutes } from './server-tags/server-tag.routes.ts';
import { DesiredServers } from './servers/desired-servers.ts';
import { ServerActions } from './servers/server-actions.ts';
import { serverActionRoutes } from './servers/server-actions.routes.ts';
import { ServerCreator } from './servers/server-create.ts';
import { serverCreate } from './servers/server-create.saga.ts';
import { FixedIps } from './fixed-ips/fixed-ip.service.ts';
import { ServerRebuilder } from './servers/server-rebuild.ts';
import { serverRebuild } from './servers/server-rebuild.saga.ts';
import { serverDelete } from './servers/server-delete.saga.ts';
import { serverExtrasRoutes } from './servers/server-extras.routes.ts';
import { ServerList } from './servers/server-list.ts';
import { ServerPower } from './servers/server-power.reconciler.ts';
import { ServerReader } from './servers/server-reader.ts';
import type { ServerSagaDeps } from './servers/server-saga-deps.ts';
import { serverRoutes } from './servers/server.routes.ts';
import { versionRoutes } from './versions/version.routes.ts';

export type { ComputeDeps } from './compute-deps.ts';
export type { PlugSettings } from './interfaces/plug-watch.ts';
export { consolePageRoutes } from './consoles/console-pages.routes.ts';

export type Compute = {
  readonly service: Service;
  /** By WebSocket. */
  readonly doors: readonly SocketDoor[];
  /** For tests that look at all routes. */
  readonly policy: Policy;
  /** To be added to the runner, which `wakeReconciler` of the dependencies leads to. */
  readonly reconcilers: readonly Reconciler[];
  /** Tells hosts what they should run. After the network has told its part, before agents are let in. */
  readonly loadDesired: () => Promise<void>;
  /** Answers what the guest behind a port asks of the metadata service. */
  readonly answerMetadata: (question: MetadataQuestion) => Promise<HttpAnswer>;
  /** For a first start. */
  readonly ensureDefaultFlavors: () => Promise<void>;
  /** Resolves when every report of a host so far has been taken in. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Long enough for an agent, or control itself, to be started again. */
const HOST_GRACE_MS = 15_000;

const newSeed = (): string => randomBytes(512).toString('base64');

/** Builds the service and makes its sagas known to the engine, which may begin after `loadDesired`. */
export function createCompute(deps: ComputeDeps): Compute {
  const { db, log, now, newId, network, image, placement, observed, sagas } = deps;
  const vendorData = deps.vendorData ?? {};
  const policy = new Policy(
    [
      ...CORE_POLICIES,
      ...KEYPAIR_POLICIES,
      ...EXTERNAL_EVENT_POLICIES,
      ...CONSOLE_POLICIES,
      ...FLOATING_IP_POLICIES,
      ...ADMIN_POLICIES,
    ],
    deps.policyOverrides,
    policyDenied,
  );
  const check = new RequestCheck();
  const zones = aggregateZones;
  const groups = new ServerGroupMembers(policy);

  const graceMs = deps.hostGraceMs ?? HOST_GRACE_MS;
  const grace = new HostGrace({ observed, now, graceMs });
  const servers = new DesiredServers({ db, desired: deps.desired, observed, grace });
  const scheduler = new Scheduler({ placement, observed, zones, groups });
  const power = new ServerPower({ db, now, log, observed, servers });
  const settings = deps.plugSettings ?? DEFAULT_PLUG_SETTINGS;
  const plugs = new PlugWatch({ network, settings });
  const sagaDeps: ServerSagaDeps = {
    db,
    log,
    now,
    network,
    image,
    placement,
    scheduler,
    servers,
    grace,
    sagas,
    lookAgain: (id) => power.lookAt(id),
    plugs,
    newSeed,
    vendorData,
    configDriveFormat: deps.configDriveFormat ?? 'iso9660',
  };
  sagas.register(serverCreate, sagaDeps);
  sagas.register(serverDelete, sagaDeps);
  sagas.register(serverRebuild, sagaDeps);
  sagas.register(interfaceAttach, sagaDeps);
  sagas.register(interfaceDetach, sagaDeps);

  const flavors = new FlavorService({ db, policy, identity: deps.identity, newId, now });
  const keypairs = new KeypairService({ db, policy, now });
  const reader = new ServerReader({ db, policy, network, observed, groups });
  const list = new ServerList({ db, policy, network });
  const creator = new ServerCreator({
    db,
    now,
    newId,
    network,
    image,
    sagas,
    policy,
    flavors,
    zones,
    groups,
    forceConfigDrive: deps.forceConfigDrive ?? false,
    findKeypair: keypairOf,
  });
  const actions = new ServerActions({
    db,
    now,
    policy,
    reader,
    servers,
    sagas,
    hostReader: deps.hostReader,
  });
  const rebuilder = new ServerRebuilder({
    db,
    now,
    image,
    sagas,
    policy,
    reader,
    actions,
    findKeypair: keypairOf,
  });
  const interfaces = new InterfaceService({
    db,
    policy,
    network,
    reader,
    actions,
    servers,
    sagas,
    newId,
  });
  const consoles = new Consoles({
    db,
    log,
    now,
    newToken: randomUUID,
    policy,
    reader,
    servers,
    hostConsoles: deps.hostConsoles,
  });
  const securityGroups = new ServerSecurityGroups({ network, reader });
  const fixedIps = new FixedIps({ network, reader });
  const floatingIps = new FloatingIps({ policy, network, reader });
  const lostPorts = new LostPorts({ db, log, now, network, sagas });
  const externalEvents = new ServerExternalEvents({
    db,
    policy,
    network,
    actions,
    lostPorts,
    plugs,
  });
  const metadata = new MetadataService({ db, log, now, network, newSeed, vendorData });
  const nodes = new NodeRegistrar(
    { db, now, newId, log, observed, placement },
    deps.wakeReconciler,
  );

  return {
    policy,
    doors: [consoles.door('novnc'), consoles.door('serial')],
    service: computeService(versionRoutes, [
      flavorRoutes(flavors, check),
      keypairRoutes(keypairs, check),
      serverRoutes({ creator, list, reader, actions, check }),
      serverActionRoutes(
        actions,
        { securityGroups, consoles, fixedIps, floatingIps, rebuilder, reader },
        check,
      ),
      serverSecurityGroupRoutes(securityGroups),
      interfaceRoutes(interfaces, check),
      serverExternalEventRoutes(externalEvents, check),
      addressRoutes(reader, check),
      floatingIpRoutes(floatingIps, check),
      consoleRoutes(consoles, check),
      serverMetadataRoutes(new ServerMetadata({ db, reader, actions }), check),
      serverTagRoutes(reader, actions, check),
      instanceActionRoutes({ db, reader, policy, check }),
      serverExtrasRoutes(reader, actions),
      ...adminRoutes({ ...deps, policy, zones, check }),
    ]),
    reconcilers: [power, nodes, lostPorts],
    loadDesired: async () => await servers.loadAll(),
    answerMetadata: async (question) => await metadata.answer(question),
    ensureDefaultFlavors: async () => await ensureDefaultFlavors(db, now()),
    idle: async () => await power.idle(),
    close: async () => {
      nodes.close();
      lostPorts.close();
      metadata.close();
      plugs.close();
      await power.close();
    },
  };
}

const keypairOf: KeypairLookup = async (tx, userId, name) => {
  const row = await findKeypair(tx, userId, name);
  return row && { name: row.name, type: row.type, publicKey: row.public_key };
};
