/** Reads what is plugged from the kernel, and writes changes to it. */
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#platform/fault.ts';
import { attempt, run } from '../../run.ts';
import { gatherFacts, readLinks, type Facts, type LinkJson } from './facts.ts';
import { DHCP_NAMESPACE_PREFIX, NETNS_DIR } from './names.ts';
import type { Step } from './plan.ts';
import { readRules, type RulesetJson } from './rules.ts';

/** The commands with which the data plane meets the kernel; tests count them. */
export type Commands = { readonly run: typeof run; readonly attempt: typeof attempt };

export const realCommands: Commands = { run, attempt };

export type Observation = {
  readonly facts: Facts;
  /** Ids of ports whose tap is up and held open by a guest. */
  readonly carriers: ReadonlySet<string>;
};

/** Everything of ours that is plugged, in two commands however much it is. */
export async function observeKernel(commands: Commands, signal: AbortSignal): Promise<Observation> {
  const [links, ruleset] = await Promise.all([
    commands.run('ip', ['-details', '-json', 'link', 'show'], { signal }),
    commands.run('nft', ['--json', 'list', 'ruleset', 'bridge'], { signal }),
  ]);
  const linkFacts = readLinks(JSON.parse(links) as LinkJson[]);
  const rules = readRules(JSON.parse(ruleset) as RulesetJson);
  return {
    facts: gatherFacts(linkFacts, listDhcpNamespaces(), rules),
    carriers: linkFacts.carriers,
  };
}

/** Ids of networks that have a namespace for their DHCP server. */
function listDhcpNamespaces(): ReadonlySet<string> {
  const ids = new Set<string>();
  const nsfs = statSync('/proc/self/ns/net').dev;
  for (const name of namesIn(NETNS_DIR)) {
    if (!name.startsWith(DHCP_NAMESPACE_PREFIX)) continue;
    const path = join(NETNS_DIR, name);
    if (statSync(path).dev === nsfs) ids.add(name.slice(DHCP_NAMESPACE_PREFIX.length));
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
  options: { readonly signal: AbortSignal; readonly namespace?: string },
): Promise<StepResults> {
  const failures = new Map<string, Error>();
  if (steps.length === 0) return { failures, cutShort: false };
  const { signal, namespace } = options;
  const where = namespace === undefined ? [] : ['-netns', namespace];
  const input = `${steps.map((step) => step.line).join('\n')}\n`;
  // It ends with us: links must not appear after the next agent has looked at what is there.
  const args = ['--pdeathsig', 'KILL', 'ip', ...where, '-force', '-batch', '-'];
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
  options: { readonly signal: AbortSignal },
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
