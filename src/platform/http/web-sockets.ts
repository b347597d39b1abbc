/** WebSockets on the HTTP server: each path is a door, behind which is a stream of bytes. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWebSocketStream, WebSocketServer, type WebSocket } from 'ws';
import { Fault } from '../fault.ts';
import type { Logger } from '../log.ts';
import { statusOfKind } from './fault-bodies.ts';

export type SocketDoor = {
  /** Such as `/serial`. */
  readonly path: string;
  /** What the client is connected to. It has no token of Keystone's: the query must say all. A fault turns it away. */
  readonly open: (query: URLSearchParams, signal: AbortSignal) => Promise<Duplex>;
};

export type SocketLimits = {
  /** Connections at once, those that are being opened too. */
  readonly connections: number;
  /** A longer message breaks the connection. */
  readonly messageBytes: number;
  readonly openWithinMs: number;
  /** A client that does not answer for this long is gone. */
  readonly pingMs: number;
};

const LIMITS: SocketLimits = {
  connections: 500,
  messageBytes: 1 << 20,
  openWithinMs: 20_000,
  pingMs: 30_000,
};

export class WebSockets {
  readonly #doors: ReadonlyMap<string, SocketDoor>;
  readonly #log: Logger;
  readonly #limits: SocketLimits;
  readonly #server: WebSocketServer;
  readonly #closing = new AbortController();
  /** By raw connection: the WebSocket, once there is one, and whether it was heard of lately. */
  readonly #clients = new Map<Duplex, { socket?: WebSocket; heard: boolean }>();
  readonly #pinger: NodeJS.Timeout;

  constructor(doors: readonly SocketDoor[], log: Logger, limits: Partial<SocketLimits> = {}) {
    this.#doors = new Map(doors.map((door) => [door.path, door]));
    this.#log = log;
    this.#limits = { ...LIMITS, ...limits };
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: this.#limits.messageBytes,
      perMessageDeflate: false,
      // compat: clients of Nova's proxies ask for `binary`, and some break off when they do not get it.
      handleProtocols: (offered) => offered.has('binary') && 'binary',
    });
    this.#pinger = setInterval(() => this.#ping(), this.#limits.pingMs).unref();
  }

  /** Whether a request is for a door. All others are plain HTTP, whatever they would like to upgrade to. */
  isFor({ headers, url, method }: IncomingMessage): boolean {
    const isWebSocket = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
    return isWebSocket && this.#doors.has(pathOf(url));
  }

  listen(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, raw: Duplex, head: Buffer) => {
      void this.#enter(request, raw, head);
    });
  }

  /** Ends every connection. */
  close(): void {
    clearInterval(this.#pinger);
    this.#closing.abort(new Fault('unavailable', 'Stopping', 'The cloud is going down.'));
    for (const raw of this.#clients.keys()) raw.destroy();
  }

  async #enter(request: IncomingMessage, raw: Duplex, head: Buffer): Promise<void> {
    const client = { heard: true };
    const left = new AbortController();
    raw.on('error', () => undefined); // it is closed after that
    raw.once('close', () => {
      this.#clients.delete(raw);
      left.abort(new Error('the client went away'));
    });
    try {
      if (this.#clients.size >= this.#limits.connections) throw tooMany();
      this.#clients.set(raw, client);
      checkOrigin(request);
      const door = this.#doors.get(pathOf(request.url));
      if (!door) throw new Fault('not-found', 'NotFound', 'Nothing is served there.');
      const late = AbortSignal.timeout(this.#limits.openWithinMs);
      const signal = AbortSignal.any([left.signal, late, this.#closing.signal]);
      const inner = await door.open(queryOf(request.url), signal);
      // It may break while the handshake goes on, which may fail as well.
      inner.on('error', () => undefined);
      raw.once('close', () => inner.destroy());
      if (left.signal.aborted) inner.destroy();
      this.#server.handleUpgrade(
        request,
        raw,
        head,
        (socket) => void this.#join(raw, socket, inner),
      );
    } catch (error) {
      const fault = error instanceof Fault ? error : undefined;
      if (!fault && !left.signal.aborted)
        this.#log.error({ err: error }, 'a WebSocket could not be opened');
      refuse(raw, fault ? statusOfKind(fault.kind) : 503);
    }
  }

  /** Joins both until one ends. */
  async #join(raw: Duplex, socket: WebSocket, inner: Duplex): Promise<void> {
    const client = this.#clients.get(raw);
    if (client) client.socket = socket;
    socket.on('error', () => undefined); // it is closed after that
    socket.on('pong', () => client && (client.heard = true));
    const outer = createWebSocketStream(socket);
    try {
      await pipeline(outer, inner, outer);
    } catch (error) {
      // Either side may break off at any time: that is how most of this ends.
      this.#log.debug({ err: error }, 'a WebSocket ended');
    } finally {
      inner.destroy();
      socket.close();
    }
  }

  #ping(): void {
    for (const [raw, client] of this.#clients) {
      if (!client.heard) raw.destroy();
      client.heard = false;
      client.socket?.ping();
    }
  }
}

/**
 * compat: as Nova's proxies, lets in who comes from a page of this host, and who comes from no page at all. So a page
 * of somebody else cannot sit at a console in the name of whoever looks at it.
 */
function checkOrigin({ headers }: IncomingMessage): void {
  const { origin, host } = headers;
  if (origin === undefined) return;
  const page = URL.canParse(origin) ? new URL(origin).hostname : '';
  const own = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
  if (page === own) return;
  throw new Fault('forbidden', 'OriginRefused', 'Origin header does not match this host.');
}

function refuse(raw: Duplex, status: number): void {
  // No body: some clients take what follows the headers for data.
  raw.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    raw.destroy(),
  );
}

function tooMany(): Fault {
  return new Fault('unavailable', 'TooManySockets', 'Too many consoles are open.');
}

function pathOf(url = ''): string {
  return url.split('?')[0]?.replace(/(?<=.)\/$/, '') ?? '';
}

function queryOf(url = ''): URLSearchParams {
  return new URLSearchParams(url.split('?').slice(1).join('?'));
}
