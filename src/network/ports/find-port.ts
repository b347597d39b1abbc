/** Finds a port for whoever may see it: what hangs on a port is seen with it. */
import type { Context } from '#platform/context.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { resourceNotFound } from '../network.faults.ts';
import { targetOfPort } from './port-target.ts';
import type { PortService } from './port.service.ts';
import type { Port } from './whole-port.store.ts';

/** A port that the caller may see, or the refusal that the port itself would be answered with. */
export type FindPort = (ctx: Context, id: string) => Promise<Port>;

export function portFinder(ports: PortService, policy: Policy): FindPort {
  return async (ctx, id) => {
    const port = await ports.get(ctx, id);
    if (!policy.allows(ctx, 'get_port', targetOfPort(port.row, port.network))) {
      throw resourceNotFound();
    }
    return port;
  };
}
