/** `stackyard ssh`: into any server that has an address, from inside the yard. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { findControl } from '#app/control-record.ts';
import { findYard, YARD_STATE_DIR, type Yard } from '#drivers/yard/yard.ts';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { ApiClient } from './api-client.ts';
import { codeOfSignal, runInForeground, stateDirOf, textOf } from './common.ts';
import { openDoor } from './ssh-door.ts';
import { checkReachable, chooseAddress, findServer, findTarget } from './ssh-target.ts';
import type { VerbArgs } from './verbs.ts';

const SSH_OPTIONS = [
  // Guests come and go, and their addresses with them: a remembered host key would be wrong soon.
  '-oStrictHostKeyChecking=no',
  '-oUserKnownHostsFile=/dev/null',
  '-oLogLevel=ERROR',
  '-oConnectTimeout=30',
  // A connection that is shared would go on in a namespace that nobody knows of any more.
  '-oControlPath=none',
];

export async function ssh(args: VerbArgs): Promise<number> {
  const [word] = args.positionals;
  if (word === undefined || word === '') {
    throw new Fault('invalid', 'Usage', 'Say which server: stackyard ssh SERVER [-- COMMAND]');
  }
  const identity = textOf(args, 'identity');
  if (identity !== undefined && !existsSync(identity)) {
    throw new Fault('invalid', 'Usage', `There is no file '${identity}' for --identity.`);
  }
  const stateDir = stateDirOf(args);
  const api = await ApiClient.open(stateDir);
  const yard = getYard(stateDir);
  const server = await findServer(api, word);
  checkReachable(server);
  const address = chooseAddress(server, textOf(args, 'address'));
  const target = await findTarget(api, server, address);

  // From here on something is to be taken back, whatever comes.
  using interrupted = catchSignals();
  await using door = await openDoor(api, yard, target);
  if (interrupted.by !== undefined) return codeOfSignal(interrupted.by);
  return await runInForeground([
    ...door.words,
    // Whoever kills this process with no time to take leave ends the connection too.
    ...['setpriv', '--pdeathsig', 'TERM', 'ssh'],
    ...SSH_OPTIONS,
    ...keysOf(identity, stateDir).flatMap((path) => ['-i', path]),
    ...['-l', textOf(args, 'user') ?? 'root', '--', target.ip],
    ...args.positionals.slice(1),
    ...args.rest,
  ]);
}

function getYard(stateDir: string): Yard {
  const yard = findYard(stateDir);
  const real = findControl(stateDir)?.hypervisor === 'qemu';
  if (yard && real) return yard;
  throw new Fault(
    'not-found',
    'NoGuests',
    real
      ? `The yard of '${stateDir}' has ended. Start the cloud again with 'stackyard up --state-dir ${stateDir}'.`
      : `The cloud of '${stateDir}' is up with fakes: no guest runs in it.`,
  );
}

/**
 * Keys to try, as they are found in the yard. There ssh may be root of a user namespace and would look for root's,
 * and the state directory may be hidden where it is outside.
 */
function keysOf(identity: string | undefined, stateDir: string): readonly string[] {
  const named = identity === undefined ? [] : [resolve(identity)];
  const demo = existsSync(statePaths(stateDir).demoKey) ? [statePaths(YARD_STATE_DIR).demoKey] : [];
  const own = ['id_ed25519', 'id_ecdsa', 'id_rsa']
    .map((name) => join(homedir(), '.ssh', name))
    .filter((path) => existsSync(path));
  return [...named, ...demo, ...own];
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Interrupted = Disposable & { readonly by: (typeof ENDING)[number] | undefined };

/** Until it is disposed of, signals do not end this process at once; the first of them is remembered. */
function catchSignals(): Interrupted {
  let by: Interrupted['by'];
  const handlers = ENDING.map((signal) => [signal, () => (by ??= signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return {
    get by() {
      return by;
    },
    [Symbol.dispose]: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
