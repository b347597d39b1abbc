/** Speaks to a cloud's HTTP app without a socket. */
import type { FastifyInstance } from 'fastify';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

/** An answer, read: `body` is undefined when it is not JSON. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  readonly body: any;
};

export class Client {
  readonly #app: FastifyInstance;
  readonly #headers: Readonly<Record<string, string>>;

  /** `headers` go with every request. */
  constructor(app: FastifyInstance, headers: Readonly<Record<string, string>>) {
    this.#app = app;
    this.#headers = headers;
  }

  /** The token that it speaks with; '' without one. */
  get token(): string {
    return this.#headers['x-auth-token'] ?? '';
  }

  /** A string or buffer is sent as it is, with the content type `headers` name; anything else as JSON. */
  async send(
    method: Method,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const raw = typeof body === 'string' || Buffer.isBuffer(body);
    const payload = body === undefined || raw ? body : JSON.stringify(body);
    const answer = await this.#app.inject({
      method,
      url,
      headers: {
        ...this.#headers,
        ...(payload !== undefined && !raw && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload !== undefined && { payload }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: parsed(answer.body, answer.headers['content-type'] ?? ''),
    };
  }
}

function parsed(text: string, type: string): unknown {
  if (text === '' || !type.includes('json')) return undefined;
  return JSON.parse(text);
}
