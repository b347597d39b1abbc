/**
 * The host protocol: what control and an agent say to each other, one JSON value a line, over any stream.
 *
 * The agent comes with `hello` and `seen`; control answers with `full` and from then on sends `delta`s. Nothing is
 * acknowledged: the agent's `settled` revisions say how far it is. A lost line shows as a delta that does
 * not follow on the last one, and the agent asks for everything again with `resync`. `read` asks for what is in
 * no document, such as a console log; it changes nothing. `open` asks for a stream of bytes (`host-streams.ts`).
 * The agent asks too: what a guest wants to know of itself (`metadata-asks.ts`).
 */
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import type { HostDocument, HostFacts, HostObservations } from '#base/host/document.ts';
import type { Logger } from '../log.ts';
import type { OpenedMessage, OpenMessage, StreamMessage } from './host-streams.ts';
import type { AskMessage, ReplyMessage } from './metadata-asks.ts';

/** Goes up when an older agent would misunderstand. */
export const PROTOCOL_VERSION = 3;

/** One member with a new value; null when it is gone. */
export type MemberChange<D extends HostDocument | HostObservations> = {
  readonly section: keyof D;
  readonly id: string;
  readonly value: D[keyof D][keyof D[keyof D]] | null;
};

/** What a host can be asked. */
export type HostQuestion =
  | { readonly what: 'console'; readonly server: string; readonly lines: number | null }
  /** The answer's text is JSON: `PortCounters` by port id. */
  | { readonly what: 'counters' };

export type ToAgent =
  | { readonly type: 'full'; readonly revision: number; readonly document: HostDocument }
  | {
      readonly type: 'delta';
      /** The revision that this builds on. */
      readonly from: number;
      readonly revision: number;
      readonly changes: readonly MemberChange<HostDocument>[];
    }
  | ({ readonly type: 'read'; readonly id: number } & HostQuestion)
  | OpenMessage
  | StreamMessage
  | ReplyMessage
  | { readonly type: 'ping' };

export type ToControl =
  | { readonly type: 'hello'; readonly version: number; readonly facts: HostFacts }
  | { readonly type: 'seen'; readonly changes: readonly MemberChange<HostObservations>[] }
  /** Everything that this document does not name and of which no observation tells is known not to be there. */
  | { readonly type: 'listed'; readonly revision: number }
  | { readonly type: 'resync' }
  | { readonly type: 'answer'; readonly id: number; readonly text: string }
  | {
      readonly type: 'refusal';
      readonly id: number;
      readonly code: string;
      readonly message: string;
    }
  | OpenedMessage
  | StreamMessage
  | AskMessage
  | { readonly type: 'pong' };

/** Sends and receives lines on a stream. */
export class LineLink<Out, In> {
  readonly #stream: Duplex;

  constructor(
    stream: Duplex,
    log: Logger,
    on: { readonly line: (message: In) => void; readonly end: () => void },
  ) {
    this.#stream = stream;
    const lines = createInterface({ input: stream, crlfDelay: Infinity });
    lines.on('line', (text) => {
      try {
        on.line(JSON.parse(text) as In);
      } catch (error) {
        log.error({ err: error }, 'a line of the host protocol could not be taken in');
        stream.destroy();
      }
    });
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      on.end();
    };
    stream.on('close', end);
    stream.on('end', end);
    // A broken stream also closes; the error adds nothing to that. The reader of lines passes it on as its own.
    stream.on('error', end);
    lines.on('error', end);
  }

  send(message: Out): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#stream.destroy();
  }
}
