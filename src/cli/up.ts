/** `stackyard up`: starts the cloud, in the foreground or detached. */
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigDriveFormat } from '#base/host/domain.ts';
import { delay } from '#base/async.ts';
import { checkCanListen } from '#app/can-listen.ts';
import { findControl } from '#app/control-record.ts';
import { start as startCommand } from '#drivers/run.ts';
import { DEFAULT_LISTEN, parseListen, urlOf, type CloudConfig } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import type { LogLevel } from '#platform/log.ts';
import { choiceOf, stateDirOf, textOf } from './common.ts';
import { checkUplink, uplinkWishes, uplinkWords } from './up-uplink.ts';
import { howToUse } from './how-to-use.ts';
import { missingFor } from './needs.ts';
import { note, print, progress } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

export async function up(args: VerbArgs): Promise<number> {
  const config: CloudConfig = {
    stateDir: stateDirOf(args),
    listen: parseListen(textOf(args, 'listen') ?? DEFAULT_LISTEN),
    hypervisor: choiceOf(args, 'hypervisor', ['qemu', 'fake']),
    dataplane: choiceOf(args, 'dataplane', ['linux', 'fake']),
    empty: args.values['empty'] === true,
    uplink: uplinkWishes(args),
    configDrive: {
      forced: args.values['force-config-drive'] === true,
      format: choiceOf<ConfigDriveFormat>(args, 'config-drive-format', ['iso9660', 'vfat']),
    },
    logLevel: choiceOf<LogLevel>(args, 'log-level', ['info', 'debug', 'warn', 'error']),
  };
  if (config.hypervisor === 'qemu' && config.dataplane === 'fake') {
    throw new Fault(
      'invalid',
      'Usage',
      'Real guests need a real network: use --dataplane linux with --hypervisor qemu.',
    );
  }
  const running = findControl(config.stateDir);
  if (running) {
    print(`The cloud of '${config.stateDir}' is up already.`);
    const words = uplinkWords(config.uplink);
    if (words.length > 0)
      note(`What was asked now takes a new start: down, then up ${words.join(' ')}.`);
    print(howToUse(config.stateDir, running.url));
    return 0;
  }
  const missing = missingFor(config);
  if (missing.length > 0) {
    for (const { subject, said, remedy } of missing) {
      note(`stackyard: ${subject}: ${said}${remedy === null ? '' : `\n  ${remedy}`}`);
    }
    return 1;
  }
  await checkCanListen(config.listen);
  await checkUplink(config);
  mkdirSync(join(config.stateDir, 'log'), { recursive: true, mode: 0o711 });
  return args.values['detach'] === true ? await detach(config) : await stay(config);
}

async function stay(config: CloudConfig): Promise<number> {
  const { promise: asked, resolve } = Promise.withResolvers<'polite' | 'quick'>();
  const start = new AbortController();
  const stop = (how: 'polite' | 'quick') => {
    resolve(how);
    // Whoever does not want to wait for the cloud any more gets what was begun taken back.
    start.abort(new Fault('unavailable', 'Interrupted', 'Stopped before the cloud was up.'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stop('polite'));
  process.on('SIGQUIT', () => stop('quick'));
  // Most of the program: whoever only starts it detached need not load it.
  const { startCloud } = await import('#app/cloud.ts');
  const cloud = await startCloud(config, progress, start.signal);
  print(`The cloud of '${config.stateDir}' is up.`);
  print(howToUse(config.stateDir, cloud.url));
  const how = await asked;
  progress('Stopping ...');
  await cloud.stop(how);
  return 0;
}

/** The process that stays is this same command without `--detach`. */
async function detach(config: CloudConfig): Promise<number> {
  const log = join(config.stateDir, 'log', 'up.log');
  const out = openSync(log, 'w', 0o600);
  const child = startCommand(
    process.execPath,
    [
      ...process.execArgv,
      join(dirname(fileURLToPath(import.meta.url)), 'stackyard.ts'),
      'up',
      `--state-dir=${config.stateDir}`,
      `--listen=${new URL(urlOf(config.listen)).host}`,
      `--hypervisor=${config.hypervisor}`,
      `--dataplane=${config.dataplane}`,
      `--log-level=${config.logLevel}`,
      ...(config.empty ? ['--empty'] : []),
      ...uplinkWords(config.uplink),
      ...(config.configDrive.forced ? ['--force-config-drive'] : []),
      `--config-drive-format=${config.configDrive.format}`,
    ],
    { detached: true, stdio: ['ignore', out, out], cwd: '/' },
  );
  closeSync(out);
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  const signal = AbortSignal.timeout(600_000);
  for (;;) {
    const control = findControl(config.stateDir);
    // Another start may have been quicker; then this one's process ends by itself, and is not left alone before.
    if (control && (control.process.pid === child.pid || ended)) {
      child.unref();
      print(`The cloud of '${config.stateDir}' is up.`);
      print(howToUse(config.stateDir, control.url));
      return 0;
    }
    if (ended) {
      note(readFileSync(log, 'utf8').trim() || `stackyard: the cloud ended at once; see ${log}.`);
      return 1;
    }
    await delay(10, signal);
  }
}
