/** `stackyard exec`: a command inside the yard, where every network of the cloud can be reached. */
import { enterYard, findYard } from '#drivers/yard/yard.ts';
import { Fault } from '#platform/fault.ts';
import { runInForeground, stateDirOf } from './common.ts';
import type { VerbArgs } from './verbs.ts';

export async function exec(args: VerbArgs): Promise<number> {
  const command = [...args.positionals, ...args.rest];
  if (command.length === 0) {
    throw new Fault('invalid', 'Usage', 'Say what to run: stackyard exec -- ip link');
  }
  const stateDir = stateDirOf(args);
  const yard = findYard(stateDir);
  if (!yard) {
    throw new Fault(
      'not-found',
      'NoYard',
      `The cloud of '${stateDir}' has no yard: it is not up, or it is up with fakes only. See 'stackyard status'.`,
    );
  }
  return await runInForeground([...enterYard(yard), ...command]);
}
