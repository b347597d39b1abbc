/** The HTTP end of one namespace's metadata service: strict limits, and who asks is the connection's local address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { comeAgain, plainAnswer } from '#base/host/metadata-answers.ts';
import { MAX_METADATA_BODY, type HttpAnswer, type MetadataQuestion } from '#base/host/metadata.ts';
import type { Logger } from '#platform/log.ts';
import type { GuestLimits } from './guest-limits.ts';
import { numberOfAddress } from './identities.ts';
import { CONNECTIONS_OF_ONE } from './table.ts';

export type HttpDoorDeps = {
  /** The port that has this number now. */
  readonly holder: (number: number | undefined) => string | undefined;
  readonly answer: (question: MetadataQuestion) => Promise<HttpAnswer>;
  /** Of all doors together. */
  readonly limits: GuestLimits;
  readonly total: { open: number };
  readonly log: Logger;
};

/** Connections of all ports of all namespaces together. */
const MOST_CONNECTIONS = 2048;
const HEADER_BYTES = 8 << 10;
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 20_000;
/** Nothing may stand still for longer, such as one who does not read. */
const IDLE_MS = 30_000;
const KEEP_ALIVE_MS = 15_000;
const LOOK_EVERY_MS = 2_000;
const REQUESTS_OF_ONE = 1_000;

export class HttpDoor {
  readonly #deps: HttpDoorDeps;
  readonly #server: Server;
  readonly #sockets = new Map<number, Set<Socket>>();

  /** Takes the socket over. */
  constructor(socket: NetServer, deps: HttpDoorDeps) {
    this.#deps = deps;
    this.#server = createServer(
      {
        maxHeaderSize: HEADER_BYTES,
        headersTimeout: HEADERS_WITHIN_MS,
        requestTimeout: REQUEST_WITHIN_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: LOOK_EVERY_MS,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxRequestsPerSocket = REQUESTS_OF_ONE;
    this.#server.setTimeout(IDLE_MS);
    this.#server.on('connection', (connection: Socket) => this.#admit(connection));
    this.#server.on('error', (error) => deps.log.error({ err: error }, 'metadata: a socket broke'));
    this.#server.listen(socket);
    // The cloud does not stay for guests that might ask.
    this.#server.unref();
  }

  /** Ends what a port that is gone has open. */
  dismiss(number: number): void {
    for (const socket of this.#sockets.get(number) ?? []) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #admit(connection: Socket): void {
    const number = numberOfAddress(connection.localAddress);
    const open = (number !== undefined && this.#sockets.get(number)) || new Set<Socket>();
    const { holder, total } = this.#deps;
    const isFull = open.size >= CONNECTIONS_OF_ONE || total.open >= MOST_CONNECTIONS;
    if (number === undefined || holder(number) === undefined || isFull) {
      connection.destroy();
      return;
    }
    open.add(connection);
    total.open += 1;
    this.#sockets.set(number, open);
    connection.once('close', () => {
      open.delete(connection);
      total.open -= 1;
      if (open.size === 0) this.#sockets.delete(number);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request);
      // Whoever brings more than is taken is not listened to any longer.
      if (answer.status === 413) response.setHeader('connection', 'close');
      response.writeHead(answer.status, answer.headers);
      response.end(request.method === 'HEAD' ? undefined : Buffer.from(answer.body, 'base64'));
    } catch (error) {
      // Most often it has gone in the middle of what it was saying.
      if (request.destroyed || response.headersSent) return void request.socket.destroy();
      this.#deps.log.error({ err: error }, 'metadata: a guest could not be answered');
      response.writeHead(500, { 'content-length': '0' }).end();
    }
  }

  /** Nothing that the request says of who asks is listened to. */
  async #answer(request: IncomingMessage): Promise<HttpAnswer> {
    const { holder, limits } = this.#deps;
    const number = numberOfAddress(request.socket.localAddress);
    const portId = holder(number);
    if (number === undefined || portId === undefined) {
      return plainAnswer(404, 'Nothing is known of whoever asks.');
    }
    if (!limits.begin(number)) {
      const headers = { 'retry-after': '1' };
      return plainAnswer(429, 'Too many questions were asked. Ask again.', headers);
    }
    try {
      return await this.#ask(request, portId, () => holder(number) === portId);
    } finally {
      limits.done(number);
    }
  }

  /** `isStill`: whoever asked has the number now. */
  async #ask(
    request: IncomingMessage,
    portId: string,
    isStill: () => boolean,
  ): Promise<HttpAnswer> {
    const body = await readBody(request);
    if (body === undefined) return plainAnswer(413, 'What came with the request is too long.');
    const { method = 'GET', url = '/' } = request;
    const answer = await this.#deps.answer({
      portId,
      method,
      path: pathOf(url),
      body: body.length === 0 ? null : body.toString('base64'),
    });
    // It may have gone, and its number with it, while others looked.
    return isStill() ? answer : comeAgain('The port has changed. Ask again.');
  }
}

/** Undefined when it is longer than anybody may send. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  const bytes: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_METADATA_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Without the host that a proxy would be told. */
function pathOf(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}
