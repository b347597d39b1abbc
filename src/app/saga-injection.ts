/** For tests with real processes: makes a saga fail, or this process die, at a named place. */
import type { Injector } from '#platform/saga/saga.ts';

/**
 * `STACKYARD_KILL_AT=server-create:ports:after-run` ends the process there for good, the first time it comes by.
 * `STACKYARD_FAIL_AT`, in the same words, makes the step or its undo fail there, each time. Undefined when
 * neither is set.
 */
export function injectorFromEnvironment(env: NodeJS.ProcessEnv): Injector | undefined {
  const killAt = env['STACKYARD_KILL_AT'] ?? '';
  const failAt = env['STACKYARD_FAIL_AT'] ?? '';
  if (killAt === '' && failAt === '') return undefined;
  return async ({ saga, step, when }) => {
    const place = `${saga}:${step}:${when}`;
    if (place === killAt) process.kill(process.pid, 'SIGKILL');
    if (place === failAt) throw new Error(`told to fail at ${place}`);
    return await Promise.resolve('go on');
  };
}
