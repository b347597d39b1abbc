/** The program by which guests of a cloud without root get out: started, found again, ended. */
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay } from '#base/async.ts';
import { UPLINK_OUTSIDE } from '#drivers/dataplane/linux/names.ts';
import { missingTools } from '#drivers/host-tools.ts';
import {
  commandLine,
  isAlive,
  listPids,
  markProcess,
  signalProcess,
  type ProcessMark,
} from '#drivers/processes.ts';
import { start } from '#drivers/run.ts';
import type { Yard } from '#drivers/yard/yard.ts';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { planOutside } from './host-link-plan.ts';
import { runInUplink, uplinkPath } from './into-uplink.ts';
import {
  isOutbound,
  OUTBOUND_TOOLS,
  outboundCommand,
  type OutboundPlace,
  type OutboundProgram,
} from './outbound-plan.ts';

type Options = { readonly signal: AbortSignal };

export type RunningOutbound = { readonly mark: ProcessMark; readonly program: OutboundProgram };

const COMES_MS = 10_000;
const GRACE_MS = 2_000;

/** The program that would be taken; undefined when none is installed. */
export function outboundProgram(): OutboundProgram | undefined {
  const missing = missingTools(OUTBOUND_TOOLS);
  return OUTBOUND_TOOLS.find((tool) => !missing.includes(tool))?.command;
}

/** What to say and do where there is none. */
export function noOutboundProgram(): Fault {
  const packages = OUTBOUND_TOOLS.map((tool) => tool.package).join(' or ');
  return new Fault(
    'unavailable',
    'NoOutboundProgram',
    `Without root, --outbound needs pasta or slirp4netns, and neither is installed. Install the package ${packages}, such as: apt-get install -y --no-install-recommends passt (as root)`,
  );
}

/** Sees to it that the program works for the uplink of now. */
export async function ensureOutbound(yard: Yard, options: Options): Promise<RunningOutbound> {
  const place = placeOf(yard);
  const found = findOutbound(yard.stateDir);
  if (found && commandLine(found.mark.pid).includes(place.network) && (await isUp(yard, options))) {
    return found;
  }
  await ensureNoOutbound(yard.stateDir);
  const program = outboundProgram();
  if (program === undefined) throw noOutboundProgram();
  const { command, args, argv0 } = outboundCommand(program, place);
  const log = logPath(yard.stateDir);
  const out = openSync(log, 'w', 0o600);
  const child = start(command, args, {
    detached: true,
    stdio: ['ignore', out, out],
    cwd: '/',
    argv0,
  });
  closeSync(out);
  const ended = once(child, 'exit').then(
    () => undefined,
    () => undefined,
  );
  child.unref();
  const mark = child.pid === undefined ? undefined : markProcess(child.pid);
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(COMES_MS)]);
  try {
    while (!(await isUp(yard, { signal }))) {
      if (mark === undefined || !isAlive(mark)) throw new Error('it ended');
      await Promise.race([ended, delay(20, signal)]);
    }
    await runInUplink(yard, ['nft', '-f', '-'], {
      signal,
      input: planOutside(UPLINK_OUTSIDE, true),
    });
  } catch (cause) {
    await ensureNoOutbound(yard.stateDir);
    options.signal.throwIfAborted();
    const said = readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '';
    const message = `Guests cannot get out: ${program} did not come up${said === '' ? '' : `: ${said}`}. See ${log}.`;
    throw new Fault('unavailable', 'NoOutbound', message, { cause });
  }
  if (mark === undefined) throw new Error('a program that is up has a process');
  return { mark, program };
}

/** Ends the program of a cloud, wherever it was started. */
export async function ensureNoOutbound(stateDir: string): Promise<void> {
  const patience = AbortSignal.timeout(3 * GRACE_MS);
  for (let found = findOutbound(stateDir); found; found = findOutbound(stateDir)) {
    const killFrom = Date.now() + GRACE_MS;
    signalProcess(found.mark, 'SIGTERM');
    while (isAlive(found.mark)) {
      if (Date.now() > killFrom) signalProcess(found.mark, 'SIGKILL');
      await delay(5, patience);
    }
  }
}

/** The program that works for a cloud now, whoever started it. */
export function findOutbound(stateDir: string): RunningOutbound | undefined {
  const token = tokenOf(stateDir);
  for (const pid of listPids()) {
    const program = isOutbound(commandLine(pid), token);
    const mark = program && markProcess(pid);
    if (mark) return { mark, program };
  }
  return undefined;
}

function placeOf(yard: Yard): OutboundPlace {
  return {
    network: uplinkPath(yard),
    user: `/proc/${yard.keeperPid}/ns/user`,
    token: tokenOf(yard.stateDir),
  };
}

/** A file of the state directory that has nobody else's name. */
function tokenOf(stateDir: string): string {
  return join(statePaths(stateDir).run, 'outbound.pid');
}

function logPath(stateDir: string): string {
  return join(stateDir, 'log', 'outbound.log');
}

/** Its link is there, and a route leads out by it. */
async function isUp(yard: Yard, options: Options): Promise<boolean> {
  const text = await runInUplink(yard, ['ip', '-json', 'route', 'show', 'default'], options);
  const routes = JSON.parse(text || '[]') as readonly { readonly dev?: string }[];
  return routes.some(({ dev }) => dev === UPLINK_OUTSIDE);
}
