/** Waits until the cards of a server that was just started are plugged, as far as the network knows. */
import { orAborted } from '#base/async.ts';
import type { Context } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import type { NetworkApi, PortFacts } from '#network/network-api.ts';

/** Nova's `vif_plugging_timeout` and `vif_plugging_is_fatal`. */
export type PlugSettings = {
  /** 0 waits for nothing. */
  readonly timeoutMs: number;
  /** A server whose cards are not plugged in time fails; otherwise it is ACTIVE all the same. */
  readonly fatal: boolean;
};

export const DEFAULT_PLUG_SETTINGS: PlugSettings = { timeoutMs: 300_000, fatal: true };

export type PlugWatchDeps = {
  readonly network: Pick<NetworkApi, 'portsOf' | 'onPortEvent'>;
  readonly settings: PlugSettings;
};

/** What was said of a port by an external event, while its server waits. */
type Told = Map<string, 'completed' | 'failed'>;
type Waiting = { readonly told: Told; wake: () => void };

export class PlugWatch {
  readonly #deps: PlugWatchDeps;
  readonly #waiting = new Map<string, Waiting>();
  readonly #stop: () => void;

  constructor(deps: PlugWatchDeps) {
    this.#deps = deps;
    this.#stop = deps.network.onPortEvent(({ deviceId }) => this.#waiting.get(deviceId)?.wake());
  }

  close(): void {
    this.#stop();
  }

  /** An external event `network-vif-plugged`. A server that waits for nothing does not mind. */
  tell(serverId: string, portId: string, status: 'completed' | 'failed'): void {
    const waiting = this.#waiting.get(serverId);
    waiting?.told.set(portId, status);
    waiting?.wake();
  }

  /**
   * Resolves when every port of the server is ACTIVE, administratively down or told to be plugged; and when the time
   * is over and that is not fatal. Otherwise throws `VirtualInterfaceCreateException`.
   */
  async plugged(ctx: Context, serverId: string, signal: AbortSignal): Promise<void> {
    const { timeoutMs, fatal } = this.#deps.settings;
    if (timeoutMs === 0) return;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      await this.#allPlugged(ctx, serverId, AbortSignal.any([signal, late]));
    } catch (error) {
      signal.throwIfAborted();
      const why = late.aborted ? `after ${timeoutMs / 1000} s they are not plugged` : error;
      if (fatal) throw notPlugged(serverId, why);
      ctx.log.warn(
        { err: error, server_id: serverId },
        'a server goes on though cards are missing',
      );
    }
  }

  async #allPlugged(ctx: Context, serverId: string, signal: AbortSignal): Promise<void> {
    // Before looking, so that nothing is missed that happens meanwhile.
    const waiting: Waiting = { told: new Map(), wake: () => undefined };
    this.#waiting.set(serverId, waiting);
    try {
      for (;;) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.wake = resolve;
        const ports = (await this.#deps.network.portsOf(ctx, [serverId])).get(serverId) ?? [];
        const refused = ports.find((port) => hasFailed(port, waiting.told));
        if (refused) throw new Error(`port ${refused.id} could not be plugged`);
        if (ports.every((port) => isDone(port, waiting.told))) return;
        await orAborted(promise, signal);
      }
    } finally {
      if (this.#waiting.get(serverId) === waiting) this.#waiting.delete(serverId);
    }
  }
}

function isDone(port: PortFacts, told: Told): boolean {
  return port.status === 'ACTIVE' || !port.adminStateUp || told.get(port.id) === 'completed';
}

function hasFailed(port: PortFacts, told: Told): boolean {
  return port.status === 'ERROR' || told.get(port.id) === 'failed';
}

function notPlugged(serverId: string, why: unknown): Fault {
  return new Fault(
    'unavailable',
    'VirtualInterfaceCreateException',
    'Virtual Interface creation failed',
    { cause: why, detail: { server_id: serverId } },
  );
}
