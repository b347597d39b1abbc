/** The only place this program starts a command. Never a shell: arguments stay arguments. */
import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { Fault } from '#platform/fault.ts';

export type RunOptions = {
  readonly signal: AbortSignal;
  /** Text written to the command's standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

/**
 * Runs a command to its end and returns what it printed on standard output.
 * A command that is missing, fails or is aborted becomes a `CommandFailed` fault whose detail
 * holds the command line and the last of its standard error.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      {
        signal: options.signal,
        maxBuffer: 64 << 20,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
      },
      (cause, stdout, stderr) => {
        if (cause === null) resolve(stdout);
        else reject(commandFailed(command, args, stderr, cause));
      },
    );
    // A command may end before it has read its input; its exit code says what happened.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Starts a command that goes on by itself. The caller answers for its end. */
export function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  return spawn(command, [...args], { ...options, shell: false });
}

function commandFailed(
  command: string,
  args: readonly string[],
  stderr: string,
  cause: Error,
): Fault {
  const line = [command, ...args].join(' ').slice(0, 2000);
  const said = stderr.trim().slice(-2000);
  return new Fault('internal', 'CommandFailed', `The command '${command}' failed on the host.`, {
    cause,
    detail: { line, stderr: said },
  });
}
