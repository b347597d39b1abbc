/** A small client of the cloud's own public APIs, as the administrator of the state directory. */
import { readFileSync } from 'node:fs';
import { findControl, findStartingControl } from '#app/control-record.ts';
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
      if (findStartingControl(stateDir)) {
        throw new Fault(
          'unavailable',
          'CloudStarting',
          `The cloud of '${stateDir}' is just coming up. Try again in a moment.`,
        );
      }
      throw new Fault(
        'unavailable',
        'CloudDown',
        `The cloud of '${stateDir}' is not up. Start it with 'stackyard up --state-dir ${stateDir}'.`,
      );
    }
    const { adminPassword } = statePaths(stateDir);
    const password = readFileSync(adminPassword, 'utf8').trim();
    const user = { name: 'admin', domain: { id: 'default' }, password };
    const project = { name: 'admin', domain: { id: 'default' } };
    const response = await request(`${control.url}/identity/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: { identity: { methods: ['password'], password: { user } }, scope: { project } },
      }),
    });
    if (response.status === 401) {
      throw new Fault(
        'unauthenticated',
        'PasswordChanged',
        `The password in '${adminPassword}' is no longer that of the user 'admin'. Write the one it has now into that file.`,
      );
    }
    if (!response.ok) throw await refused(response);
    return new ApiClient(control.url, response.headers.get('x-subject-token') ?? '');
  }

  async get(path: string): Promise<unknown> {
    return await bodyOf(await this.#send('GET', path));
  }

  /** Undefined when the cloud knows no such thing. */
  async find(path: string): Promise<unknown> {
    const response = await this.#send('GET', path);
    return response.status === 404 ? undefined : await bodyOf(response);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return await bodyOf(await this.#send('POST', path, body));
  }

  /** What is gone already is as good as deleted. */
  async ensureAbsent(path: string): Promise<void> {
    const response = await this.#send('DELETE', path);
    if (!response.ok && response.status !== 404) throw await refused(response);
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    return await request(`${this.#url}${path}`, {
      method,
      headers: {
        'x-auth-token': this.#token,
        'openstack-api-version': 'compute 2.90',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

/** Every answer comes much sooner, also from a cloud that is busy. */
const PATIENCE_MS = 30_000;

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'CloudSilent',
      `The cloud at ${new URL(url).origin} does not answer. See whether it is up with 'stackyard status'.`,
      { cause },
    );
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  if (!response.ok) throw await refused(response);
  const text = await response.text();
  return text === '' ? null : (JSON.parse(text) as unknown);
}

async function refused(response: Response): Promise<Fault> {
  const said = messageIn(await response.text()).slice(0, 500);
  return new Fault('invalid', 'Refused', `The cloud answered ${response.status}: ${said}`);
}

/** The sentence in a refusal: each service has it in a member of another name. */
function messageIn(text: string): string {
  try {
    const members = Object.values(JSON.parse(text) as Readonly<Record<string, unknown>>);
    for (const member of members as ({ readonly message?: unknown } | null)[]) {
      if (typeof member?.message === 'string') return member.message;
    }
  } catch {
    // Not JSON: a page, perhaps of a proxy in between.
  }
  return text;
}
