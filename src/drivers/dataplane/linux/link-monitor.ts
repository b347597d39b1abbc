/** Tells when a tap's carrier may have changed, by one long-lived `ip monitor`. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { delay } from '#base/async.ts';
import type { Logger } from '#platform/log.ts';
import { start } from '../../run.ts';

export type LinkEvent = { readonly name: string; readonly carrier: boolean };

/** How long to wait before a monitor that ended is started again. */
const RESTART_MS = 500;

export class LinkMonitor {
  readonly #onEvent: (event: LinkEvent) => void;
  readonly #onGap: () => void;
  readonly #log: Logger;
  readonly #closed = new AbortController();
  /** The last carrier seen, by the link's name. */
  readonly #seen = new Map<string, boolean>();
  #child: ChildProcess | undefined;

  /** `onGap` is called after a time in which events may have been missed. */
  constructor(onEvent: (event: LinkEvent) => void, onGap: () => void, log: Logger) {
    this.#onEvent = onEvent;
    this.#onGap = onGap;
    this.#log = log;
    this.#start();
  }

  close(): void {
    this.#closed.abort();
    this.#child?.kill();
  }

  #start(): void {
    // It ends with us even when we are killed and cannot tell it to.
    const words = ['--pdeathsig', 'KILL', 'ip', '-oneline', 'monitor', 'link'];
    const child = start('setpriv', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    child.unref();
    child.on('error', (error) => this.#log.warn({ err: error }, 'the link monitor cannot start'));
    child.on('close', (code, signal) => void this.#restart(code, signal));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => this.#read(line));
  }

  #read(line: string): void {
    const event = readLinkEvent(line);
    if (event === null || this.#seen.get(event.name) === event.carrier) return;
    if (event.deleted) this.#seen.delete(event.name);
    else this.#seen.set(event.name, event.carrier);
    this.#onEvent(event);
  }

  async #restart(code: number | null, signal: string | null): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#log.warn({ code, signal }, 'the link monitor ended and is started again');
    try {
      await delay(RESTART_MS, this.#closed.signal);
    } catch {
      return; // closed meanwhile
    }
    this.#seen.clear();
    this.#start();
    this.#onGap();
  }
}

/** What a line of `ip -oneline monitor link` says of a tap; null when it says nothing. */
export function readLinkEvent(line: string): (LinkEvent & { readonly deleted: boolean }) | null {
  const match = /^(Deleted )?\d+: (tap[^:@]+)(?:@[^:]*)?: <([^>]*)>/.exec(line);
  if (match === null) return null;
  const [, gone, name = '', flags = ''] = match;
  const deleted = gone !== undefined;
  return { name, deleted, carrier: !deleted && flags.split(',').includes('LOWER_UP') };
}
