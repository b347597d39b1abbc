/** For tests of `kill -9`: ends this process for good at a named place of a saga. */
import type { Injector } from '#platform/saga/saga.ts';

/**
 * `STACKYARD_KILL_AT=server-create:ports:after-run` ends the process there, the first time it comes by. Undefined
 * when the variable is not set.
 */
export function killerFromEnvironment(env: NodeJS.ProcessEnv): Injector | undefined {
  const place = env['STACKYARD_KILL_AT'];
  if (place === undefined || place === '') return undefined;
  return async ({ saga, step, when }) => {
    if (`${saga}:${step}:${when}` === place) process.kill(process.pid, 'SIGKILL');
    return await Promise.resolve('go on');
  };
}
