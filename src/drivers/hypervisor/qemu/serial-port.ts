/** The serial port of a guest, which QEMU gives to one at a time, for as many as want it. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * Who reads more slowly than the guest writes misses something, and finds it in the log: QEMU would have the guest
 * wait for its reader.
 */
const MOST_UNREAD = 1 << 20;

export class SerialPort {
  readonly #connect: () => Promise<Socket>;
  readonly #viewers = new Set<SerialViewer>();
  readonly #ended: () => void;
  #socket: Socket;

  private constructor(socket: Socket, connect: () => Promise<Socket>, ended: () => void) {
    this.#connect = connect;
    this.#ended = ended;
    this.#socket = this.#listen(socket);
  }

  /** `ended` is called when the guest is gone, or when the last one has left. */
  static async open(connect: () => Promise<Socket>, ended: () => void): Promise<SerialPort> {
    return new SerialPort(await connect(), connect, ended);
  }

  view(): Duplex {
    const viewer = new SerialViewer(
      (chunk, done) => this.#socket.write(chunk, () => done()),
      () => {
        this.#viewers.delete(viewer);
        if (this.#viewers.size === 0) this.close();
      },
    );
    this.#viewers.add(viewer);
    return viewer;
  }

  close(): void {
    this.#ended();
    this.#socket.removeAllListeners('close').destroy();
    for (const viewer of this.#viewers) viewer.push(null);
  }

  #listen(socket: Socket): Socket {
    socket.on('data', (chunk: Buffer) => {
      for (const viewer of this.#viewers) {
        if (viewer.readableLength < MOST_UNREAD) viewer.push(chunk);
      }
    });
    socket.on('close', () => void this.#again());
    return socket;
  }

  /** QEMU has ended, or has been given another log and thereby another socket. */
  async #again(): Promise<void> {
    try {
      const socket = await this.#connect();
      if (this.#viewers.size > 0) this.#socket = this.#listen(socket);
      else socket.destroy();
    } catch {
      this.close(); // the guest is gone: that is what whoever looks at it is told
    }
  }
}

class SerialViewer extends Duplex {
  readonly #type: (chunk: Buffer, done: () => void) => void;
  readonly #gone: () => void;

  constructor(type: (chunk: Buffer, done: () => void) => void, gone: () => void) {
    super({ allowHalfOpen: false });
    this.#type = type;
    this.#gone = gone;
  }

  override _read(): void {
    // What comes is pushed when it comes.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#type(chunk, done);
  }

  /** Whoever leaves does not listen any more; whoever is left by the guest may read to the end. */
  override _final(done: () => void): void {
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#gone();
    done(error);
  }
}
