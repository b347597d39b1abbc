/** One running cloud: control on this machine, with its embedded host. */
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { duplexPair } from 'node:stream';
import { Agent } from '#agent/agent.ts';
import { openDrivers } from '#agent/open-drivers.ts';
import { delay, orAborted } from '#base/async.ts';
import { FileBlobs } from '#drivers/blobs/file/file-blobs.ts';
import { ensureYardAbsent, findYard } from '#drivers/yard/yard.ts';
import { statePaths, urlOf, type CloudConfig } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { openLog, type Logger } from '#platform/log.ts';
import type { Injector } from '#platform/saga/saga.ts';
import { listenFault } from './can-listen.ts';
import { writeCloudsYaml } from './clouds-yaml.ts';
import { Control, readPolicyOverrides } from './control.ts';
import { removeControlRecord, writeControlRecord } from './control-record.ts';
import { ensureFirstStart, readOrMakeSecret } from './first-start.ts';
import { endAgent, HostAgent } from './host-agent.ts';
import { ensurePublicNetwork } from './public-network.ts';
import { injectorFromEnvironment } from './saga-injection.ts';
import { findSetting, setSetting } from './setting.store.ts';
import { chooseUplink, type UplinkChoice } from './uplink/uplink-choice.ts';
import { removeUplink, UplinkKeeper } from './uplink/uplink-keeper.ts';
import { readVendorData } from './vendor-data.ts';

export type Cloud = {
  readonly url: string;
  readonly control: Control;
  /**
   * Takes everything down. `polite`: guests get some seconds to end by themselves. Servers that run are started again
   * by the next start.
   */
  stop(how: 'polite' | 'quick'): Promise<void>;
};

/** Guests have this long to end when the whole cloud goes down. */
const GUESTS_END_MS = 15_000;
/** An agent needs a fraction of a second, and some seconds when it has to find out whether KVM works. */
const AGENT_COMES_MS = 20_000;
/** The same for its uplink, which takes a fraction of a second. */
const UPLINK_COMES_MS = 10_000;

/**
 * Starts a cloud. Resolves when every API answers; says on `tell` what takes long. Broken off by `signal`, it leaves
 * nothing behind that it has made.
 */
export async function startCloud(
  config: CloudConfig,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<Cloud> {
  const { stateDir } = config;
  const paths = statePaths(stateDir);
  // Guests of a root cloud have a user of their own and must get through to their disks.
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  mkdirSync(paths.run, { recursive: true, mode: 0o711 });
  const log = openLog('control', config.logLevel, paths.controlLog);
  await using undo = new AsyncDisposableStack();
  let url = urlOf(config.listen);
  const inject: Injector | undefined = injectorFromEnvironment(process.env);
  const control = await Control.open({
    database: paths.database,
    blobs: new FileBlobs(paths.images),
    publicUrl: () => url,
    policyOverrides: readPolicyOverrides(stateDir),
    vendorData: readVendorData(paths.vendorData),
    forceConfigDrive: config.configDrive.forced,
    // Guests on paper take no tap in hand: their ports never become ACTIVE on a real network.
    ...(config.hypervisor === 'fake' &&
      config.dataplane === 'linux' && { plugSettings: { timeoutMs: 0, fatal: false } }),
    configDriveFormat: config.configDrive.format,
    log,
    metricsToken: readOrMakeSecret(paths.metricsToken),
    ...(inject ? { inject } : {}),
  });
  undo.defer(async () => await control.close());
  await checkHypervisor(control, config);
  const record = (ready: boolean) =>
    writeControlRecord(stateDir, {
      url,
      hypervisor: config.hypervisor,
      dataplane: config.dataplane,
      startedAt: new Date().toISOString(),
      ready,
    });
  record(false);
  undo.defer(() => removeControlRecord(stateDir));
  const choice = await chooseUplink(control.db, config.uplink, isRoot());
  // It takes its time to come up, and has it while control gets ready.
  const host = await openHost(config, control, log);
  undo.defer(async () => await host.abandon());
  const adminPassword = readOrMakeSecret(paths.adminPassword);
  await control.identity.bootstrap.ensureBootstrap({ adminPassword });
  await control.load();
  host.letIn();
  const uplink = openUplink(config, choice, control, log);
  undo.defer(async () => await uplink?.close());
  await control.app.ready();
  await untilConnected(control, log, tell, signal);
  await control.resume();
  url = await listen(control, config);
  await ensureFirstStart({ control, config, log, tell, signal });
  if (config.uplink.publicCidrs.length > 0) await ensurePublicNetwork(control, config, tell);
  await untilLinked(uplink, log, tell, signal);
  writeCloudsYaml(stateDir, url);
  signal.throwIfAborted();
  record(true);
  undo.move();
  log.info({ url }, 'the cloud is up');
  return {
    url,
    control,
    stop: async (how) => {
      removeControlRecord(stateDir);
      await control.quiesce();
      if (how === 'polite') await endGuests(control, log);
      await uplink?.close();
      await host.close();
      if (config.dataplane === 'linux') await removeYard(stateDir);
      await control.close();
      log.info('the cloud is down');
    },
  };
}

/** Servers that were only pretended are nothing that QEMU could go on with, and the other way round. */
async function checkHypervisor({ db }: Control, config: CloudConfig): Promise<void> {
  const { stateDir, hypervisor } = config;
  const before = await findSetting(db, 'hypervisor');
  if (before === undefined) return await setSetting(db, 'hypervisor', hypervisor);
  if (before === hypervisor) return;
  throw new Fault(
    'conflict',
    'OtherHypervisor',
    `The cloud of '${stateDir}' was made with --hypervisor ${before}. ` +
      `Start it with that, or use another --state-dir.`,
  );
}

/** The embedded host. */
type Host = {
  /** Lets its agent talk to control, once control knows what the host should be. */
  letIn(): void;
  /** Leaves the host's guests and links as they are, to whoever looks after them next. */
  close(): Promise<void>;
  /** When the cloud does not come up: leaves nothing that this start has made. */
  abandon(): Promise<void>;
};

async function openHost(config: CloudConfig, control: Control, log: Logger): Promise<Host> {
  const { stateDir } = config;
  const host = hostname();
  if (config.dataplane === 'linux') {
    const isNew = findYard(stateDir) === undefined;
    const agent = await HostAgent.open({ config, host, gate: control.gate, log });
    return {
      letIn: () => agent.letIn(),
      close: async () => await agent.close(),
      abandon: async () => {
        await agent.close();
        if (isNew) await removeYard(stateDir);
      },
    };
  }
  // With fakes alone there is nothing to be apart from: the agent is part of this process.
  const drivers = await openDrivers({
    stateDir,
    hypervisor: config.hypervisor,
    dataplane: config.dataplane,
    guestUid: null,
    log,
  });
  const agent = await Agent.start({ host, log, ...drivers });
  let served: Promise<void> = Promise.resolve();
  const close = async () => {
    await agent.close();
    await served;
  };
  return {
    letIn: () => {
      const [inner, outer] = duplexPair();
      control.gate.accept(outer);
      served = agent.serve(inner);
    },
    close,
    abandon: close,
  };
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

async function removeYard(stateDir: string): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  await endAgent(stateDir, signal);
  await removeUplink(stateDir, signal);
  await ensureYardAbsent(stateDir, { signal });
}

/**
 * Resolves when the agent is there: whoever boots a server as soon as the cloud is up finds a host, and work
 * that was under way does not fail for want of one. A cloud whose agent does not come is up all the same.
 */
async function untilConnected(
  control: Control,
  log: Logger,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { observed } = control;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (observed.hosts().some((host) => observed.status(host)?.connected === true)) resolve();
  };
  const stop = observed.onHost(look);
  look();
  try {
    await orAborted(promise, AbortSignal.any([signal, AbortSignal.timeout(AGENT_COMES_MS)]));
  } catch (err) {
    signal.throwIfAborted();
    log.warn({ err }, 'the agent has not come yet; servers cannot be started until it does');
    tell('The agent of this host has not come up yet; log/agent.log says why.');
  } finally {
    stop();
  }
}

/** With fakes there is no network that anybody could be linked to. */
function openUplink(
  { stateDir, dataplane }: CloudConfig,
  choice: UplinkChoice,
  { desired }: Control,
  log: Logger,
): UplinkKeeper | null {
  if (dataplane !== 'linux') return null;
  return new UplinkKeeper({ stateDir, choice, desired, host: hostname(), log });
}

/** Whoever uses a floating IP as soon as the cloud is up reaches it. What does not work is said, and the cloud is up. */
async function untilLinked(
  uplink: UplinkKeeper | null,
  log: Logger,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (uplink === null) return;
  const patience = AbortSignal.any([signal, AbortSignal.timeout(UPLINK_COMES_MS)]);
  try {
    for (const trouble of await uplink.settled(patience)) tell(trouble);
  } catch (err) {
    signal.throwIfAborted();
    log.warn({ err }, 'the way to external networks has not come up yet');
    tell('The way to external networks has not come up yet; log/control.log says why.');
  }
}

async function listen(control: Control, { listen: wanted }: CloudConfig): Promise<string> {
  try {
    await control.app.listen({ host: wanted.address, port: wanted.port });
  } catch (error) {
    throw listenFault(wanted, error);
  }
  const { port } = control.app.server.address() as AddressInfo;
  return urlOf({ ...wanted, port });
}

/** Asks every guest to end. Control has stopped listening: no server is thereby taken for shut off. */
async function endGuests(control: Control, log: Logger): Promise<void> {
  const { desired, observed } = control;
  const waiting: (() => boolean)[] = [];
  for (const host of desired.hosts()) {
    if (observed.status(host)?.connected !== true) continue;
    for (const id of desired.ids(host, 'servers')) {
      const spec = desired.find(host, 'servers', id);
      if (!spec || spec.power === 'stopped') continue;
      desired.set(host, 'servers', id, { ...spec, power: 'stopped' });
      waiting.push(() => {
        const power = observed.find(host, 'servers', id)?.power;
        return power === 'running' || power === 'paused';
      });
    }
  }
  const signal = AbortSignal.timeout(GUESTS_END_MS);
  while (waiting.some((runs) => runs())) {
    try {
      await delay(20, signal);
    } catch {
      log.warn('some guests did not end in time and are ended now');
      return;
    }
  }
}
