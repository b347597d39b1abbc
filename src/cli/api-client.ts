/** A small client of the cloud's own public APIs, as the administrator of the state directory. */
import { readFileSync } from 'node:fs';
import { findControl } from '#app/control-record.ts';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';

export class ApiClient {
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Logs in as admin of project admin, with the password from the state directory. */
  static async open(stateDir: string): Promise<ApiClient> {
    const control = findControl(stateDir);
    if (!control) {
      throw new Fault(
        'unavailable',
        'CloudDown',
        `The cloud of '${stateDir}' is not up. Start it with 'stackyard up --state-dir ${stateDir}'.`,
      );
    }
    const password = readFileSync(statePaths(stateDir).adminPassword, 'utf8').trim();
    const user = { name: 'admin', domain: { id: 'default' }, password };
    const project = { name: 'admin', domain: { id: 'default' } };
    const response = await fetch(`${control.url}/identity/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: { identity: { methods: ['password'], password: { user } }, scope: { project } },
      }),
    });
    if (!response.ok) throw await refused(response);
    return new ApiClient(control.url, response.headers.get('x-subject-token') ?? '');
  }

  async get(path: string): Promise<unknown> {
    return await this.#send('GET', path);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return await this.#send('POST', path, body);
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        'x-auth-token': this.#token,
        'openstack-api-version': 'compute 2.90',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw await refused(response);
    const text = await response.text();
    return text === '' ? null : (JSON.parse(text) as unknown);
  }
}

async function refused(response: Response): Promise<Fault> {
  const text = (await response.text()).slice(0, 500);
  return new Fault('invalid', 'Refused', `The cloud answered ${response.status}: ${text}`);
}
