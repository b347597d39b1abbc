/** What went through a port and what was dropped, asked of the host that plugs it. */
import { NO_COUNTERS, type PortCounters } from '#base/host/firewall.ts';
import type { Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import type { HostReader } from '#platform/host/host-gate.ts';
import { portHostNotReached } from '../network.faults.ts';
import { isPlugged } from '../binding/binding.rules.ts';
import type { FindPort } from '../ports/find-port.ts';

export type CounterReader = Pick<HostReader, 'readCounters'>;

export type CounterDeps = { readonly findPort: FindPort; readonly hostReader: CounterReader };

export class CounterService {
  readonly #deps: CounterDeps;

  constructor(deps: CounterDeps) {
    this.#deps = deps;
  }

  /** A host that cannot be reached is a fault, since zeros would say that nothing went through. */
  async get(ctx: Context, portId: string): Promise<PortCounters> {
    const { findPort, hostReader } = this.#deps;
    const { row, binding } = await findPort(ctx, portId);
    if (!isPlugged(row, binding)) return NO_COUNTERS;
    try {
      const counters = await hostReader.readCounters(binding.host, ctx.signal);
      return counters.get(portId) ?? NO_COUNTERS;
    } catch (cause) {
      ctx.signal.throwIfAborted();
      // What the host says of itself is not for tenants.
      if (cause instanceof Fault && cause.retryable) throw portHostNotReached(portId, { cause });
      throw cause;
    }
  }
}
