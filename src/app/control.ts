/** The control plane: every service on one database, behind one HTTP app, with its engine. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { parse } from 'yaml';
import type { ConfigDriveFormat } from '#base/host/domain.ts';
import type { Json } from '#base/json.ts';
import {
  consolePageRoutes,
  createCompute,
  type Compute,
  type PlugSettings,
} from '#compute/index.ts';
import type { Blobs } from '#drivers/blobs/blobs.ts';
import { createIdentity, type IdentityService } from '#identity/index.ts';
import { createImage, type ImageParts } from '#image/index.ts';
import { createNetwork, type NetworkParts } from '#network/index.ts';
import { createPlacement } from '#placement/index.ts';
import { statePaths } from '#platform/config.ts';
import { openDatabase } from '#platform/db/database.ts';
import { Durability } from '#platform/db/durability.ts';
import type { Db } from '#platform/db/tables.ts';
import { Fault } from '#platform/fault.ts';
import { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { HostGate } from '#platform/host/host-gate.ts';
import { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { createHttpApp, type Patience } from '#platform/http/http-app.ts';
import { newMac, newUuid } from '#platform/ids.ts';
import type { Logger } from '#platform/log.ts';
import { ReconcilerRunner } from '#platform/reconcile/runner.ts';
import { endedSagasReconciler } from '#platform/saga/ended-sagas.reconciler.ts';
import { SagaEngine } from '#platform/saga/engine.ts';
import type { Injector } from '#platform/saga/saga.ts';
import { collectMetrics } from './metrics/metrics.ts';
import { metricsRoutes } from './metrics/metrics.routes.ts';

export type ControlOptions = {
  /** A path, or `:memory:`. */
  readonly database: string;
  readonly blobs: Blobs;
  /** Where clients reach this cloud; known only when it listens. */
  readonly publicUrl: () => string;
  readonly policyOverrides: Readonly<Record<string, string>>;
  /** What every server is told by its operator; `{}` when it is not said. */
  readonly vendorData?: Json;
  /** Every server gets a config drive, asked for or not. */
  readonly forceConfigDrive?: boolean;
  /** How long a new server waits for its cards. */
  readonly plugSettings?: PlugSettings;
  /** Of config drives; ISO 9660 when it is not said. */
  readonly configDriveFormat?: ConfigDriveFormat;
  readonly log: Logger;
  readonly now?: () => Date;
  /** What a scraper of metrics shows; without one only administrators may read them. */
  readonly metricsToken?: string;
  /** Makes sagas fail, repeat or die, for tests. */
  readonly inject?: Injector;
  /** Less work for each password hash, for tests. */
  readonly passwordLogN?: number;
  /** How long slow clients are waited for, for tests. */
  readonly patience?: Patience;
};

/** All parts of a control plane that is ready to be listened on. */
export class Control {
  readonly db: Db;
  readonly app: FastifyInstance;
  readonly identity: IdentityService;
  readonly image: ImageParts;
  readonly network: NetworkParts;
  readonly compute: Compute;
  readonly desired: DesiredHosts;
  readonly observed: ObservedHosts;
  readonly gate: HostGate;
  readonly sagas: SagaEngine;
  readonly reconcilers: ReconcilerRunner;
  readonly #durability: Durability;
  readonly #stop: AbortController;

  private constructor(db: Db, durability: Durability, options: ControlOptions) {
    const { log, policyOverrides, publicUrl } = options;
    const settled = async () => await durability.settled();
    const blobs = removingLater(options.blobs, settled);
    const now = options.now ?? (() => new Date());
    const newId = newUuid;
    const desired = new DesiredHosts();
    const observed = new ObservedHosts();
    const gate = new HostGate({
      desired,
      observed,
      log,
      now,
      settled,
      answerMetadata: async (question) => await compute.answerMetadata(question),
    });
    const inject = options.inject;
    const sagas = new SagaEngine({
      db,
      log,
      now,
      newId,
      owner: randomUUID(),
      ...(inject ? { inject } : {}),
    });
    const identity = createIdentity({
      db,
      log,
      now,
      publicUrl,
      policyOverrides,
      ...(options.passwordLogN !== undefined && { passwordLogN: options.passwordLogN }),
    });
    const image = createImage({ db, log, now, newId, blobs, policyOverrides });
    const placement = createPlacement({ db, newId });
    const network = createNetwork({
      db,
      log,
      now,
      newId,
      newMac,
      desired,
      observed,
      hostReader: gate,
      policyOverrides,
    });
    const reconcilers = new ReconcilerRunner({ log, now });
    const compute = createCompute({
      db,
      log,
      now,
      newId,
      identity: identity.api,
      image: image.api,
      placement: placement.api,
      network: network.api,
      desired,
      observed,
      sagas,
      hostReader: gate,
      hostConsoles: gate,
      wakeReconciler: (name) => reconcilers.wake(name),
      policyOverrides,
      vendorData: options.vendorData ?? {},
      forceConfigDrive: options.forceConfigDrive ?? false,
      ...(options.plugSettings && { plugSettings: options.plugSettings }),
      configDriveFormat: options.configDriveFormat ?? 'iso9660',
    });
    const stop = new AbortController();
    this.db = db;
    this.desired = desired;
    this.observed = observed;
    this.gate = gate;
    this.sagas = sagas;
    this.identity = identity;
    this.image = image;
    this.network = network;
    this.compute = compute;
    this.reconcilers = reconcilers;
    this.app = createHttpApp({
      services: [identity.service, image.service, network.service, compute.service],
      doors: compute.doors,
      log,
      authenticate: async (token) => await identity.api.authenticate(token),
      authUrl: () => `${publicUrl()}/identity`,
      signal: stop.signal,
      settled,
      ...(options.patience && { patience: options.patience }),
    });
    consolePageRoutes(this.app);
    metricsRoutes(this.app, {
      token: options.metricsToken ?? null,
      authenticate: async (token) => await identity.api.authenticate(token),
      authUrl: () => `${publicUrl()}/identity`,
      collect: async () => await collectMetrics({ db, network }, stop.signal),
    });
    this.#durability = durability;
    this.#stop = stop;
  }

  /** Opens the database and takes up what an earlier process has left; no agent is let in before `load`. */
  static async open(options: ControlOptions): Promise<Control> {
    const { database } = options;
    const durability = new Durability(database === ':memory:' ? null : `${database}-wal`);
    const db = await openDatabase(database, durability);
    try {
      return new Control(db, durability, options);
    } catch (error) {
      await db.destroy();
      throw error;
    }
  }

  /** Puts half-done uploads right, and knows again what every host should be. */
  async load(): Promise<void> {
    await this.image.recover();
    // An agent that were told less than all would take away what it was not told of.
    await this.network.loadDesired();
    await this.compute.loadDesired();
  }

  /** Takes up the work that was under way, and looks for more. */
  async resume(): Promise<void> {
    await this.sagas.begin();
    for (const reconciler of [
      ...this.network.reconcilers,
      ...this.compute.reconcilers,
      endedSagasReconciler({ db: this.db, now: () => new Date() }),
    ]) {
      this.reconcilers.add(reconciler);
    }
  }

  /** Both of these at once, for those that need not wait for an agent in between. */
  async begin(): Promise<void> {
    await this.load();
    await this.resume();
  }

  /** No more requests and no more work; what is under way is taken up at the next start. */
  async quiesce(): Promise<void> {
    this.#stop.abort(new Fault('unavailable', 'Stopping', 'The cloud is going down.'));
    await this.app.close();
    await this.reconcilers.close();
    await this.sagas.close();
    await this.compute.close();
    await this.network.close();
  }

  async close(): Promise<void> {
    await this.quiesce();
    this.gate.close();
    await this.#durability.close();
    await this.db.destroy();
  }
}

/** Bytes go only when it is on disk that nobody needs them. */
function removingLater(blobs: Blobs, settled: () => Promise<void>): Blobs {
  return {
    create: async (key) => await blobs.create(key),
    read: async (key, range) => await blobs.read(key, range),
    remove: async (key) => {
      await settled();
      await blobs.remove(key);
    },
    sweep: async (keep) => {
      await settled();
      return await blobs.sweep(keep);
    },
    pathOf: (key) => blobs.pathOf(key),
  };
}

/** The operator's `policy.yaml`: check strings by rule name. A file that is not there overrides nothing. */
export function readPolicyOverrides(stateDir: string): Readonly<Record<string, string>> {
  const path = statePaths(stateDir).policyYaml;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {}; // the operator is content with the defaults
  }
  const rules: unknown = parse(text);
  if (rules === null || rules === undefined) return {};
  if (
    typeof rules !== 'object' ||
    !Object.values(rules).every((rule) => typeof rule === 'string')
  ) {
    throw new Fault(
      'invalid',
      'InvalidPolicy',
      `'${path}' is not a map of rule names to check strings. Put it right and start again.`,
    );
  }
  return rules as Record<string, string>;
}
