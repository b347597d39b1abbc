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

/** How a command ended. */
export type RunResult = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
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
  const { stdout, stderr, cause } = await execute(command, args, options);
  if (cause !== null) throw commandFailed(command, args, stderr, cause);
  return stdout;
}

/**
 * Runs a command to its end, whatever its exit code says: for commands whose failure is an answer.
 * One that cannot be started, is aborted or is ended by a signal is still a `CommandFailed` fault.
 */
export async function attempt(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const { stdout, stderr, cause } = await execute(command, args, options);
  if (cause === null) return { code: 0, stdout, stderr };
  if (typeof cause.code !== 'number') throw commandFailed(command, args, stderr, cause);
  return { code: cause.code, stdout, stderr };
}

/** Starts a command that goes on by itself. The caller answers for its end. */
export function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const env = options.env ?? process.env;
  const path = withSystemTools(env['PATH']);
  return spawn(command, [...args], { ...options, env: { ...env, PATH: path }, shell: false });
}

type Outcome = {
  readonly stdout: string;
  readonly stderr: string;
  readonly cause: (Error & { readonly code?: string | number | null | undefined }) | null;
};

async function execute(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  return await new Promise<Outcome>((resolve) => {
    const child = execFile(
      command,
      [...args],
      {
        signal: options.signal,
        maxBuffer: 64 << 20,
        env: {
          ...process.env,
          ...options.env,
          PATH: withSystemTools(options.env?.['PATH'] ?? process.env['PATH']),
        },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (cause, stdout, stderr) => resolve({ stdout, stderr, cause }),
    );
    // A command may end before it has read its input; its exit code says what happened.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** An ordinary user's PATH often lacks the folders where `nft` and `dnsmasq` are. */
function withSystemTools(path: string | undefined): string {
  const folders = (path ?? '').split(':').filter((folder) => folder !== '');
  for (const folder of ['/usr/local/sbin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']) {
    if (!folders.includes(folder)) folders.push(folder);
  }
  return folders.join(':');
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
