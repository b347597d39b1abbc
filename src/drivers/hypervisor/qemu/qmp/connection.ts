/** A connection to one QEMU's machine protocol (QMP): commands with their answers, and events. */
import { createConnection, type Socket } from 'node:net';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Fault } from '#platform/fault.ts';
import type { CallOptions } from '../../hypervisor.ts';

export type QmpEvent = { readonly name: string; readonly data: JsonObject };

export type QmpListeners = {
  readonly onEvent: (event: QmpEvent) => void;
  /** Called once, when the connection has ended for whatever reason, `close()` included. */
  readonly onClose: () => void;
};

type Waiting = { readonly resolve: (answer: Json) => void; readonly reject: (why: Error) => void };

/** QEMU answers from its main loop; a host under load may keep it waiting, a healthy one never this long. */
const ANSWER_MS = 30_000;
const MOST_LINE_CHARACTERS = 16 << 20;

/** Opens a connection and waits until QEMU takes commands on it. */
export async function openQmp(
  path: string,
  listeners: QmpListeners,
  options: CallOptions,
): Promise<QmpConnection> {
  const socket = createConnection({ path });
  const connection = new QmpConnection(path, socket, listeners);
  try {
    await connection.greet(options);
    return connection;
  } catch (cause) {
    connection.close();
    throw cause;
  }
}

export class QmpConnection {
  readonly #path: string;
  readonly #socket: Socket;
  readonly #listeners: QmpListeners;
  readonly #waiting = new Map<string, Waiting>();
  readonly #watchers = new Set<(event: QmpEvent) => void>();
  #wakeUps: (() => void)[] = [];
  #eventCount = 0;
  #lastId = 0;
  #unread = '';
  #ended: Error | null = null;

  constructor(path: string, socket: Socket, listeners: QmpListeners) {
    this.#path = path;
    this.#socket = socket;
    this.#listeners = listeners;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', (cause) => this.#end(unreachable(path, cause)));
    socket.on('close', () => this.#end(unreachable(path)));
  }

  get closed(): boolean {
    return this.#ended !== null;
  }

  /** Waits for QEMU's greeting and leaves negotiation mode. */
  async greet(options: CallOptions): Promise<void> {
    await this.#answer('greeting', 'greeting', ANSWER_MS, options.signal);
    await this.execute('qmp_capabilities', {}, options);
  }

  /** Sends a command and waits for what it returns. QEMU's refusal becomes a `QmpRefused` fault. */
  async execute(
    command: string,
    args: JsonObject,
    options: CallOptions & { readonly timeoutMs?: number },
  ): Promise<Json> {
    this.#lastId += 1;
    const id = `${command}#${this.#lastId}`;
    const answer = this.#answer(id, command, options.timeoutMs ?? ANSWER_MS, options.signal);
    if (!this.#ended) {
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    }
    return await answer;
  }

  /** Hands every event to `watch` until the returned function is called. */
  watch(watch: (event: QmpEvent) => void): () => void {
    this.#watchers.add(watch);
    return () => this.#watchers.delete(watch);
  }

  /** How many events have come so far; see `nextEvent`. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /**
   * Resolves when more than `seen` events have come, the connection has ended or `ms` have passed.
   * It does not say which: whoever waits looks at the world again.
   */
  async nextEvent(seen: number, ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#eventCount > seen || this.#ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const stop = () => resolve();
    signal.addEventListener('abort', stop, { once: true });
    this.#wakeUps.push(resolve);
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
  }

  close(): void {
    this.#end(unreachable(this.#path, new Error('closed by this side')));
  }

  async #answer(id: string, command: string, ms: number, signal: AbortSignal): Promise<Json> {
    signal.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const stop = () => reject(signal.reason as Error);
    const timer = setTimeout(() => reject(tooSlow(this.#path, command, ms)), ms);
    signal.addEventListener('abort', stop, { once: true });
    this.#waiting.set(id, { resolve, reject });
    try {
      return await promise;
    } finally {
      this.#waiting.delete(id);
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
    if (this.#unread.length > MOST_LINE_CHARACTERS) this.#end(notQmp(this.#path, this.#unread));
  }

  #readLine(line: string): void {
    if (line.trim() === '' || this.#ended) return;
    const message = parse(line);
    if (!message) return this.#end(notQmp(this.#path, line));
    if (message['QMP'] !== undefined) {
      this.#waiting.get('greeting')?.resolve(null);
    } else if (typeof message['event'] === 'string') {
      const data = isJsonObject(message['data']) ? message['data'] : {};
      const event = { name: message['event'], data };
      this.#eventCount += 1;
      this.#wakeUp();
      for (const watch of this.#watchers) watch(event);
      this.#listeners.onEvent(event);
    } else if (typeof message['id'] === 'string') {
      const waiting = this.#waiting.get(message['id']);
      // Nobody waits any more for the answer to a command that timed out or was aborted.
      if (isJsonObject(message['error'])) waiting?.reject(refused(message['id'], message['error']));
      else waiting?.resolve(message['return'] ?? null);
    }
  }

  #end(why: Error): void {
    if (this.#ended) return;
    this.#ended = why;
    this.#socket.destroy();
    for (const waiting of this.#waiting.values()) waiting.reject(why);
    this.#wakeUp();
    this.#listeners.onClose();
  }

  #wakeUp(): void {
    const wakeUps = this.#wakeUps;
    this.#wakeUps = [];
    for (const wakeUp of wakeUps) wakeUp();
  }
}

/** Tells whether an error means that nobody, or somebody dying, is at the other end of the socket. */
export function isQmpUnreachable(error: unknown): boolean {
  return error instanceof Fault && error.code === 'QmpUnreachable';
}

/** Tells whether an error is QEMU's refusal of a command for a reason that contains `text`. */
export function isQmpRefusal(error: unknown, text: string): boolean {
  return (
    error instanceof Fault &&
    error.code === 'QmpRefused' &&
    String(error.detail['reason']).includes(text)
  );
}

function parse(line: string): JsonObject | null {
  try {
    const message: unknown = JSON.parse(line);
    return isJsonObject(message) ? message : null;
  } catch {
    return null;
  }
}

function refused(id: string, error: JsonObject): Fault {
  const [command] = id.split('#');
  const reason = typeof error['desc'] === 'string' ? error['desc'] : 'no reason given';
  return new Fault(
    'internal',
    'QmpRefused',
    `The hypervisor refused the command '${command}': ${reason}`,
    { detail: { command, class: error['class'], reason } },
  );
}

function unreachable(path: string, cause?: Error): Fault {
  return new Fault(
    'unavailable',
    'QmpUnreachable',
    'The virtual machine does not answer its control socket.',
    { cause, detail: { path } },
  );
}

function tooSlow(path: string, command: string, ms: number): Fault {
  return new Fault(
    'unavailable',
    'QmpTimeout',
    `The virtual machine did not answer the command '${command}' within ${ms / 1000} s.`,
    { detail: { path } },
  );
}

function notQmp(path: string, line: string): Fault {
  return new Fault('internal', 'QmpGarbled', 'The virtual machine answered with something else.', {
    detail: { path, line: line.slice(0, 200) },
  });
}
