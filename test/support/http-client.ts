/** Speaks to a cloud over its socket, as any client does. */
import assert from 'node:assert/strict';

export type HttpAnswer = {
  readonly status: number;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  readonly body: any;
};

export class HttpClient {
  readonly #url: () => string;
  readonly #token: string;

  /** `url` is asked each time: a cloud that comes again may listen elsewhere. */
  constructor(url: () => string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async send(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    const response = await fetch(`${this.#url()}${path}`, {
      method,
      headers: {
        'x-auth-token': this.#token,
        'openstack-api-version': 'compute 2.90',
        // Control may be killed: the next request must not find a connection of the one before.
        connection: 'close',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : null };
  }

  /** The body of what was found; fails the test when it is refused. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  async get(path: string): Promise<any> {
    const { status, text, body } = await this.send('GET', path);
    assert.ok(status < 300, `GET ${path}: ${status} ${text}`);
    return body;
  }

  /** Makes something and returns it without its wrapper; fails the test when it is refused. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  async make(path: string, wanted: object): Promise<any> {
    const { status, text, body } = await this.send('POST', path, wanted);
    assert.ok(status < 300, `POST ${path}: ${status} ${text}`);
    return body === null ? null : body[Object.keys(wanted)[0] ?? ''];
  }

  async remove(path: string): Promise<void> {
    const { status, text } = await this.send('DELETE', path);
    assert.ok(status < 300, `DELETE ${path}: ${status} ${text}`);
  }
}

/** A token of project `name` for the user of that name. */
export async function logIn(url: string, name: string, password: string): Promise<string> {
  const domain = { id: 'default' };
  const response = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name, domain, password } } },
        scope: { project: { name, domain } },
      },
    }),
  });
  assert.equal(response.status, 201, await response.text());
  return response.headers.get('x-subject-token') ?? '';
}
