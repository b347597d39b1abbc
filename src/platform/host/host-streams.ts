/**
 * Streams of bytes within a link between control and an agent, such as consoles. What one end may send before the
 * other has used it up is bounded, so that one who does not read holds up neither the link nor the memory.
 */
import { Duplex } from 'node:stream';
import { orAborted } from '#base/async.ts';
import type { ConsoleRef } from '#base/host/console.ts';
import { Fault } from '../fault.ts';

/** What both ends say of a stream, by its number. */
export type StreamMessage =
  /** `bytes` is base64. */
  | { readonly type: 'data'; readonly stream: number; readonly bytes: string }
  /** That much more may come. */
  | { readonly type: 'room'; readonly stream: number; readonly bytes: number }
  /** The end of it for both; `refused` when it is no ordinary one. */
  | {
      readonly type: 'close';
      readonly stream: number;
      readonly refused: { readonly code: string; readonly message: string } | null;
    };

export type OpenMessage = { readonly type: 'open'; readonly stream: number } & {
  readonly console: ConsoleRef;
};

/** How many bytes may be under way in each direction. */
export const STREAM_WINDOW = 256 * 1024;
/** Lines stay short enough for others to get a word in. */
const MOST_PER_LINE = 32 * 1024;

type Send = (message: StreamMessage) => void;

class HostStream extends Duplex {
  readonly #number: number;
  readonly #send: Send;
  readonly #gone: () => void;
  /** What the other end has room for. */
  #room = STREAM_WINDOW;
  #waiting: (() => void) | undefined;
  /** What has come and was not said to be used up. */
  #unused = 0;
  #closedThere = false;

  constructor(number: number, send: Send, gone: () => void) {
    super({ allowHalfOpen: false });
    this.#number = number;
    this.#send = send;
    this.#gone = gone;
    // It may break before anybody has taken hold of it; whoever does then finds it broken.
    this.on('error', () => undefined);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#closedThere) return done();
    if (this.#room === 0) {
      this.#waiting = () => this._write(chunk, '', done);
      return;
    }
    const piece = chunk.subarray(0, Math.min(this.#room, MOST_PER_LINE));
    this.#room -= piece.length;
    this.#send({ type: 'data', stream: this.#number, bytes: piece.toString('base64') });
    if (piece.length === chunk.length) done();
    else this._write(chunk.subarray(piece.length), '', done);
  }

  /** When this end has said all it will, there is nothing more to hear either: a console has no half. */
  override _final(done: () => void): void {
    done();
    this.destroy();
  }

  /** Asked when what has come is used up, or nearly. Room is told of in pieces that are worth a line. */
  override _read(): void {
    if (this.#unused < STREAM_WINDOW / 4) return;
    this.#send({ type: 'room', stream: this.#number, bytes: this.#unused });
    this.#unused = 0;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#gone();
    this.#proceed();
    if (!this.#closedThere) {
      this.#send({ type: 'close', stream: this.#number, refused: refusalOf(error) });
    }
    done(error);
  }

  /** What the other end says of this stream. */
  hear(message: StreamMessage): void {
    switch (message.type) {
      case 'data': {
        const chunk = Buffer.from(message.bytes, 'base64');
        this.#unused += chunk.length;
        if (this.#unused > STREAM_WINDOW) {
          this.destroy(
            new Fault('unavailable', 'StreamOverrun', 'More came than there was room for.'),
          );
        } else this.push(chunk);
        break;
      }
      case 'room':
        this.#room += message.bytes;
        this.#proceed();
        break;
      case 'close':
        this.over(message.refused);
        break;
    }
  }

  /** The other end is gone: what has come before can still be read. */
  over(refused: { readonly code: string; readonly message: string } | null): void {
    this.#closedThere = true;
    this.#proceed();
    if (refused) this.destroy(new Fault('unavailable', refused.code, refused.message));
    else this.push(null);
  }

  #proceed(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}

/** All streams of one link. */
export class HostStreams {
  readonly #send: (message: StreamMessage | OpenMessage | OpenedMessage) => void;
  readonly #streams = new Map<number, HostStream>();
  readonly #opening = new Map<number, PromiseWithResolvers<void>>();
  #last = 0;

  constructor(send: (message: StreamMessage | OpenMessage | OpenedMessage) => void) {
    this.#send = send;
  }

  /** Asks the other end for a console. Rejects with its refusal, or with the signal's reason. */
  async open(console: ConsoleRef, signal: AbortSignal): Promise<Duplex> {
    this.#last += 1;
    const number = this.#last;
    const stream = this.#add(number);
    const opening = Promise.withResolvers<void>();
    this.#opening.set(number, opening);
    opening.promise.catch(() => undefined); // when nobody waits for it any more
    // Whatever ends it before it has begun is what its opening failed of.
    stream.once('error', opening.reject).once('close', () => opening.reject(goneAway()));
    this.#send({ type: 'open', stream: number, console });
    try {
      await orAborted(opening.promise, signal);
    } catch (error) {
      stream.destroy();
      throw error;
    } finally {
      this.#opening.delete(number);
      stream.off('error', opening.reject);
    }
    return stream;
  }

  /** This end of a stream that the other end asked for; nothing of it is read before `opened` is said. */
  accept(number: number): Duplex {
    return this.#add(number);
  }

  opened(number: number): void {
    this.#send({ type: 'opened', stream: number });
  }

  /** What the other end said. A stream that is over here may still be spoken of there. */
  take(message: StreamMessage | OpenedMessage): void {
    if (message.type === 'opened') return this.#opening.get(message.stream)?.resolve();
    this.#streams.get(message.stream)?.hear(message);
    // One that ends before it has begun, and without a word why.
    if (message.type === 'close' && !message.refused) {
      this.#opening.get(message.stream)?.reject(goneAway());
    }
  }

  /** The link is gone, and all streams with it. */
  end(): void {
    for (const stream of this.#streams.values()) stream.over(refusalOf(goneAway()));
  }

  #add(number: number): HostStream {
    const stream = new HostStream(number, this.#send, () => this.#streams.delete(number));
    this.#streams.set(number, stream);
    return stream;
  }
}

export type OpenedMessage = { readonly type: 'opened'; readonly stream: number };

/** What the other end may be told; whoever just leaves gives no reason. */
function refusalOf(error: Error | null): { code: string; message: string } | null {
  return error instanceof Fault ? { code: error.code, message: error.message } : null;
}

function goneAway(): Fault {
  return new Fault('unavailable', 'HostDown', 'The connection to the host ended.');
}
