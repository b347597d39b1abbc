/** Notices which ports flood or loop: the kernel finds out and acts, this only asks it. */
import type { StormState } from '#base/host/firewall.ts';
import type { Logger } from '#platform/log.ts';
import { PORTS_TABLE } from './firewall/engine.ts';
import { readQuarantined, readStormStates } from './firewall/read-counts.ts';
import { QUARANTINED, STATES } from './firewall/frame-chains.ts';
import type { Commands } from './kernel.ts';

export type StormWatchOptions = {
  readonly commands: Commands;
  readonly log: Logger;
  readonly everyMs: number;
  /** Port ids by tap: while there are none nobody is asked. */
  readonly portIds: () => ReadonlyMap<string, string>;
};

export class StormWatch {
  readonly #options: StormWatchOptions;
  readonly #stop = new AbortController();
  readonly #listeners: ((portId: string, state: StormState) => void)[] = [];
  /** States other than `ok`, by tap. */
  #known: ReadonlyMap<string, StormState> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StormWatchOptions) {
    this.#options = options;
  }

  /** Called when a port's state is another. The first listener begins the watch. */
  onState(listener: (portId: string, state: StormState) => void): void {
    this.#listeners.push(listener);
    if (this.#timer === undefined) this.#next();
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#listeners.length = 0;
  }

  #next(): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => this.#next());
    }, this.#options.everyMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { portIds, log } = this.#options;
    const ids = portIds();
    if (ids.size === 0) return;
    try {
      const now = await this.#read();
      for (const [tap, id] of ids) {
        const state = now.get(tap) ?? 'ok';
        if (state !== (this.#known.get(tap) ?? 'ok')) this.#tell(id, state);
      }
      this.#known = now;
    } catch (error) {
      // The rules may be in the middle of being made anew; the next look is soon.
      if (!this.#stop.signal.aborted) log.debug({ err: error }, 'storm states could not be read');
    }
  }

  async #read(): Promise<ReadonlyMap<string, StormState>> {
    const states = new Map(readStormStates(await this.#list(STATES)));
    // Nothing is cut that did not loop a moment ago, or was cut before.
    const known = [...states.values(), ...this.#known.values()];
    if (!known.some((state) => state === 'loop' || state === 'quarantined')) return states;
    for (const tap of readQuarantined(await this.#list(QUARANTINED)))
      states.set(tap, 'quarantined');
    return states;
  }

  async #list(set: string): Promise<string> {
    const args = ['--json', 'list', 'set', ...PORTS_TABLE.split(' '), set];
    return await this.#options.commands.run('nft', args, { signal: this.#stop.signal });
  }

  #tell(portId: string, state: StormState): void {
    for (const listener of this.#listeners) listener(portId, state);
  }
}
