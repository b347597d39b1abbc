/** What several verbs do alike: which cloud is meant, and running a command in the foreground. */
import { start } from '#drivers/run.ts';
import { defaultStateDir, parseStateDir } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { constants } from 'node:os';
import type { VerbArgs } from './verbs.ts';

/** True when this process may do everything. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The state directory that is meant: named, in the environment, or the default. */
export function stateDirOf({ values }: VerbArgs): string {
  const named = values['state-dir'] ?? process.env['STACKYARD_STATE_DIR'];
  return parseStateDir(typeof named === 'string' ? named : defaultStateDir(process.env, isRoot()));
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

const ignore = () => undefined;

/** Runs a command on this terminal and returns its exit code, 128 + n when signal n ended it. */
export async function runInForeground(argv: readonly string[]): Promise<number> {
  const [command = '', ...args] = argv;
  const child = start(command, args, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; the command decides what to make of it.
  process.on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
