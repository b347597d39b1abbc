/** Reads what is plugged from the kernel, and writes changes to it. */
import { readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StormState } from '#base/host/firewall.ts';
import { Fault } from '#platform/fault.ts';
import { attempt, run } from '../../run.ts';
import { gatherFacts, readLinks, type Facts, type FdbJson, type LinkJson } from './facts.ts';
import { BRIDGE_ENGINE_TRIAL, bridgeSwitches, type Engine } from './firewall/engine.ts';
import { readStormStates } from './firewall/read-counts.ts';
import { readRuleset, type FoundRuleset } from './firewall/read-ruleset.ts';
import { NETNS_DIR, ROUTER_NAMESPACE_PREFIX, SERVICE_NAMESPACE_PREFIX } from './names.ts';
import type { Step } from './plan.ts';
import { readRouterLinks, type RoutersFacts } from './routers/read-router.ts';

/** The commands with which the data plane meets the kernel; tests count them. */
export type Commands = { readonly run: typeof run; readonly attempt: typeof attempt };

export const realCommands: Commands = { run, attempt };

export type Observation = {
  readonly facts: Facts;
  /** Ids of ports whose tap is up and held open by a guest. */
  readonly carriers: ReadonlySet<string>;
  readonly ruleset: FoundRuleset;
  /** Of ports that are not `ok`, by tap. */
  readonly storms: ReadonlyMap<string, StormState>;
  readonly routers: RoutersFacts;
};

/** Everything of ours that is plugged, in three commands however much it is. */
export async function observeKernel(
  engine: Engine,
  commands: Commands,
  signal: AbortSignal,
): Promise<Observation> {
  const [links, fdb, ruleset] = await Promise.all([
    commands.run('ip', ['-details', '-json', 'link', 'show'], { signal }),
    commands.run('bridge', ['-json', 'fdb', 'show'], { signal }),
    commands.run('nft', ['--json', 'list', 'ruleset'], { signal }),
  ]);
  const all = [JSON.parse(links) as LinkJson[], JSON.parse(fdb) as FdbJson[]] as const;
  const linkFacts = readLinks(...all);
  return {
    facts: gatherFacts(linkFacts, listNamespaces(SERVICE_NAMESPACE_PREFIX)),
    routers: { ...readRouterLinks(...all), namespaces: listNamespaces(ROUTER_NAMESPACE_PREFIX) },
    carriers: linkFacts.carriers,
    ruleset: readRuleset(ruleset, engine),
    storms: readStormStates(ruleset),
  };
}

/** What comes after the prefix in names of namespaces: ids of what they are for. */
function listNamespaces(prefix: string): ReadonlySet<string> {
  const ids = new Set<string>();
  const nsfs = statSync('/proc/self/ns/net').dev;
  for (const name of namesIn(NETNS_DIR)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(NETNS_DIR, name);
    if (statSync(path).dev === nsfs) ids.add(name.slice(prefix.length));
    else unlinkSync(path); // `ip netns` was killed before it had mounted the namespace here
  }
  return ids;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Makes the rules so, all of them or none. */
export async function applyRules(
  text: string,
  commands: Commands,
  signal: AbortSignal,
): Promise<void> {
  if (text !== '') await commands.run('nft', ['-f', '-'], { signal, input: text });
}

/**
 * Which engine this kernel is good for, found out by trying, with br_netfilter's switches set as it wants them. The
 * switches are those of the namespace we are in.
 */
export async function chooseEngine(commands: Commands, signal: AbortSignal): Promise<Engine> {
  const input = BRIDGE_ENGINE_TRIAL;
  const { code } = await commands.attempt('nft', ['-f', '-'], { signal, input });
  const engine = code === 0 ? 'bridge' : 'inet';
  for (const [name, value] of bridgeSwitches(engine)) {
    try {
      writeFileSync(join(SWITCHES_DIR, name), value);
    } catch (cause) {
      // Without br_netfilter nothing is shown to the other family, as the bridge engine wants it.
      if (engine === 'bridge') continue;
      const message = `The firewall cannot see bridged packets: ${SWITCHES_DIR}/${name} cannot be written. Load the kernel module: modprobe br_netfilter (as root).`;
      throw new Fault('unavailable', 'BridgeNetfilterMissing', message, { cause });
    }
  }
  trustChecksums();
  return engine;
}

/**
 * Checksums are the guests' business: a packet with a wrong one is thrown away by who gets it. And Linux takes the
 * right checksums of UDP-Lite for wrong ones when it tracks connections, so that no group could ever let it pass.
 */
function trustChecksums(): void {
  try {
    writeFileSync(CHECKSUM_SWITCH, '0');
  } catch {
    // A kernel whose tracking of connections is a module has no switch before its first use: it stays as it is.
  }
}

const CHECKSUM_SWITCH = '/proc/sys/net/netfilter/nf_conntrack_checksum';
const SWITCHES_DIR = '/proc/sys/net/bridge';

export type StepResults = {
  /** By the steps' ids. */
  readonly failures: ReadonlyMap<string, Error>;
  /** The batch ended before its last line, so the failures may name the wrong ids. */
  readonly cutShort: boolean;
};

/** What `ip` ends with when it gave up a batch in the middle, whatever `-force` says. */
const GAVE_UP = 255;

/** Takes the steps in their order, each whether or not the one before succeeded; says what failed. */
export async function applySteps(
  steps: readonly Step[],
  commands: Commands,
  options: {
    readonly signal: AbortSignal;
    readonly namespace?: string;
    /** `ip` when not given. */
    readonly tool?: 'ip' | 'bridge';
  },
): Promise<StepResults> {
  const failures = new Map<string, Error>();
  if (steps.length === 0) return { failures, cutShort: false };
  const { signal, namespace, tool = 'ip' } = options;
  const where = namespace === undefined ? [] : ['-netns', namespace];
  const input = `${steps.map((step) => step.line).join('\n')}\n`;
  // It ends with us: links must not appear after the next agent has looked at what is there.
  const args = ['--pdeathsig', 'KILL', tool, ...where, '-force', '-batch', '-'];
  const { code, stderr } = await commands.attempt('setpriv', args, { signal, input });
  for (const { line, said } of readBatchFailures(stderr)) {
    const step = steps[line - 1];
    if (step !== undefined && !failures.has(step.id)) failures.set(step.id, stepFailed(step, said));
  }
  const cutShort = code === GAVE_UP || (code !== 0 && failures.size === 0);
  if (cutShort) {
    for (const step of steps) {
      if (!failures.has(step.id)) failures.set(step.id, stepFailed(step, lastLine(stderr)));
    }
  }
  return { failures, cutShort };
}

/** The same with one batch for each id: slower, and the blame is always right. */
export async function applyStepsApart(
  steps: readonly Step[],
  commands: Commands,
  options: { readonly signal: AbortSignal; readonly tool?: 'ip' | 'bridge' },
): Promise<ReadonlyMap<string, Error>> {
  const failures = new Map<string, Error>();
  for (const own of Map.groupBy(steps, (step) => step.id).values()) {
    const result = await applySteps(own, commands, options);
    for (const [id, error] of result.failures) failures.set(id, error);
  }
  return failures;
}

/** The lines of a batch that `ip -force -batch -` complained of, from 1, and what it said. */
export function readBatchFailures(
  stderr: string,
): readonly { readonly line: number; readonly said: string }[] {
  const failures: { line: number; said: string }[] = [];
  let said: string[] = [];
  for (const text of stderr.split('\n')) {
    const line = /^Command failed -:(\d+)$/.exec(text)?.[1];
    if (line === undefined) {
      if (text.trim() !== '') said.push(text.trim());
      continue;
    }
    failures.push({ line: Number(line), said: said.join('; ') });
    said = [];
  }
  return failures;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function stepFailed(step: Step, said: string): Fault {
  const message = `The host could not plug ${step.id}: ${said || 'no reason was given'}.`;
  const detail = { line: `ip ${step.line}`, stderr: said };
  return new Fault('internal', 'PlugFailed', message, { detail });
}
