/** The stock clients, run as a person runs them. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { delay } from '#base/async.ts';
import { attempt } from '#drivers/run.ts';
import { statePaths } from '#platform/config.ts';

const STACKYARD = join(dirname(fileURLToPath(import.meta.url)), '../../../bin/stackyard');
const COMMAND_MS = 180_000;

type Clouds = {
  clouds: Record<
    string,
    { auth: { auth_url: string; username: string; password: string; project_name: string } }
  >;
};

/** Commands against the cloud of one state directory, as user `demo`. */
export class Clients {
  readonly #stateDir: string;
  readonly #openstackEnv: Readonly<Record<string, string>>;
  readonly #novaEnv: Readonly<Record<string, string>>;

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    const file = statePaths(stateDir).cloudsYaml;
    this.#openstackEnv = { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: 'demo' };
    const auth = (parse(readFileSync(file, 'utf8')) as Clouds).clouds['demo']?.auth;
    if (!auth) throw new Error(`'${file}' has no cloud named demo`);
    // The nova command knows nothing of clouds.yaml.
    this.#novaEnv = {
      OS_AUTH_URL: auth.auth_url,
      OS_USERNAME: auth.username,
      OS_PASSWORD: auth.password,
      OS_PROJECT_NAME: auth.project_name,
      OS_USER_DOMAIN_ID: 'default',
      OS_PROJECT_DOMAIN_ID: 'default',
      OS_REGION_NAME: 'RegionOne',
    };
  }

  /** `openstack ...`; throws what it says when it fails. */
  async openstack(...args: readonly string[]): Promise<string> {
    return await succeed('openstack', args, this.#openstackEnv);
  }

  /** `openstack ... -f json`, parsed. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.openstack(...args, '-f', 'json')) as T;
  }

  /** What `openstack ...` says on refusing; throws when it does not refuse. */
  async refusal(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await attempt('openstack', args, {
      signal: AbortSignal.timeout(COMMAND_MS),
      env: this.#openstackEnv,
    });
    if (code === 0) throw new Error(`it was not refused: ${stdout.trim().slice(0, 300)}`);
    return stderr.trim();
  }

  /** `nova ...`, as the first specification names it. */
  async nova(...args: readonly string[]): Promise<string> {
    return await succeed('nova', args, this.#novaEnv);
  }

  /** A shell script inside a server, over `stackyard ssh`; throws when it fails. */
  async inGuest(server: string, script: string): Promise<string> {
    const args = ['ssh', '--state-dir', this.#stateDir, server, '--', script];
    return await succeed(STACKYARD, args, {});
  }

  /** Waits until a server lets us in. */
  async guestIsUp(server: string, patienceMs = 180_000): Promise<void> {
    const until = Date.now() + patienceMs;
    for (;;) {
      try {
        await this.inGuest(server, 'true');
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await delay(500, AbortSignal.timeout(1_000));
      }
    }
  }

  /** A command inside the yard. */
  async inYard(...command: readonly string[]): Promise<string> {
    return await succeed(STACKYARD, ['exec', '--state-dir', this.#stateDir, '--', ...command], {});
  }

  async stackyard(...args: readonly string[]): Promise<string> {
    return await succeed(STACKYARD, args, {});
  }
}

async function succeed(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, {
    signal: AbortSignal.timeout(COMMAND_MS),
    env,
  });
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-600);
  throw new Error(`'${[command.split('/').at(-1), ...args].join(' ').slice(0, 200)}': ${said}`);
}
