/** Checks: tests that run in a process of their own, as another user or inside a yard. */
import { errorText } from './errors.ts';

export type Check<World> = {
  /** A sentence on behaviour, as every test's name is. */
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
};

/** What became of one check: a line of JSON on the standard output of the process that ran it. */
export type CheckResult = {
  readonly name: string;
  readonly ms: number;
  /** Null when it passed. */
  readonly error: string | null;
};

/**
 * Runs the checks in their order and reports each as it ends. `after` is part of every check: it
 * clears away what the check has made and expects that nothing is left.
 */
export async function runChecks<World>(
  checks: readonly Check<World>[],
  world: World,
  after: (world: World) => Promise<void> = async () => undefined,
): Promise<void> {
  for (const check of checks) {
    const started = performance.now();
    let error: string | null = null;
    try {
      await check.run(world);
    } catch (cause) {
      error = errorText(cause);
    }
    try {
      await after(world);
    } catch (cause) {
      error ??= `afterwards: ${errorText(cause)}`;
    }
    const result: CheckResult = { name: check.name, ms: performance.now() - started, error };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
}

/** Waits until `condition` holds; it is asked again and again. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 5000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${timeoutMs} ms have passed without: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
