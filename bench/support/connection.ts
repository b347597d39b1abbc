/** One kept-open connection to an HTTP server, with as little as possible between clock and wire. */
import assert from 'node:assert/strict';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export type Reply = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** From the sending of the request to the first byte of the body, in milliseconds. */
  readonly firstByteMs: number;
  readonly ms: number;
};

export class Connection implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  token = '';

  constructor(url: string) {
    this.#url = url;
  }

  async send(method: string, path: string, body?: unknown): Promise<Reply> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const start = performance.now();
    return await new Promise<Reply>((resolve, reject) => {
      const sent = request(
        `${this.#url}${path}`,
        {
          method,
          agent: this.#agent,
          headers: {
            ...(this.token !== '' && { 'x-auth-token': this.token }),
            ...(payload !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(payload),
            }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let firstByteMs = 0;
          response.on('data', (chunk: Buffer) => {
            if (chunks.length === 0) firstByteMs = performance.now() - start;
            chunks.push(chunk);
          });
          response.once('end', () => {
            const ms = performance.now() - start;
            const { statusCode: status = 0, headers } = response;
            resolve({ status, headers, text: Buffer.concat(chunks).toString(), firstByteMs, ms });
          });
          response.once('error', reject);
        },
      );
      sent.once('error', reject);
      sent.end(payload);
    });
  }

  /** The body, read; stops the benchmark when the request is refused. */
  // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape are looked into
  async ask(method: string, path: string, body?: unknown): Promise<any> {
    const { status, text } = await this.send(method, path, body);
    assert.ok(status > 0 && status < 400, `${method} ${path}: ${status} ${text.slice(0, 500)}`);
    return text.startsWith('{') ? JSON.parse(text) : null;
  }

  /** Asks for a token with a password and speaks with it from now on. */
  async logIn(name: string, password: string, project = name): Promise<Reply> {
    const reply = await this.send(
      'POST',
      '/identity/v3/auth/tokens',
      loginOf(name, password, project),
    );
    assert.equal(reply.status, 201, reply.text);
    this.token = String(reply.headers['x-subject-token']);
    return reply;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

export function loginOf(name: string, password: string, project: string) {
  const domain = { id: 'default' };
  return {
    auth: {
      identity: { methods: ['password'], password: { user: { name, domain, password } } },
      scope: { project: { name: project, domain } },
    },
  };
}
