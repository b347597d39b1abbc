/** What several verbs do alike: which cloud is meant, and running a command in the foreground. */
import { accessSync, constants as fs, statSync } from 'node:fs';
import { constants } from 'node:os';
import { start } from '#drivers/run.ts';
import { defaultStateDir, parseStateDir } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import type { VerbArgs } from './verbs.ts';

/** True when this process may do everything. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The state directory that is meant: named, in the environment, or the default. */
export function stateDirOf(args: VerbArgs): string {
  const named = textOf(args, 'state-dir');
  // A variable of a script that was never set must not mean the current directory.
  if (named === '')
    throw new Fault('invalid', 'Usage', '--state-dir takes a directory, not nothing.');
  const inEnvironment = process.env['STACKYARD_STATE_DIR'] || undefined;
  const stateDir = parseStateDir(named ?? inEnvironment ?? defaultStateDir(process.env, isRoot()));
  checkOwn(stateDir);
  return stateDir;
}

/** What cannot be looked at must not be taken for a cloud that is down. */
function checkOwn(stateDir: string): void {
  try {
    accessSync(stateDir, fs.R_OK | fs.W_OK | fs.X_OK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') return;
    const owner = statSync(stateDir, { throwIfNoEntry: false })?.uid;
    throw new Fault(
      'forbidden',
      'NotYourCloud',
      `The state directory '${stateDir}' is not yours${owner === undefined ? '' : ` but that of user ${owner}`}. ` +
        'Run this as that user, or name another with --state-dir.',
      { cause },
    );
  }
}

/** An option's text, or undefined when it was not given. */
export function textOf({ values }: VerbArgs, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** One of a few words, the first when it was not given. */
export function choiceOf<T extends string>(
  args: VerbArgs,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const value = textOf(args, name);
  if (value === undefined) return choices[0];
  const choice = choices.find((one) => one === value);
  if (choice === undefined) {
    throw new Fault('invalid', 'Usage', `--${name} takes ${choices.join(' or ')}, not '${value}'.`);
  }
  return choice;
}

/** Runs a command on this terminal and returns its exit code, 128 + n when signal n ended it. */
export async function runInForeground(argv: readonly string[]): Promise<number> {
  const [command = '', ...args] = argv;
  const child = start(command, args, { stdio: 'inherit' });
  // The terminal sends Ctrl-C and Ctrl-\ to both; the command decides what to make of it. Whoever ends this process
  // otherwise means the command too.
  const handlers: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ['SIGINT', () => undefined],
    ['SIGQUIT', () => undefined],
    ['SIGTERM', () => child.kill('SIGTERM')],
    ['SIGHUP', () => child.kill('SIGHUP')],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve(code ?? (signal === null ? 128 : codeOfSignal(signal))),
      );
    });
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}

/** The exit code by which shells say that a signal ended a command. */
export function codeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
