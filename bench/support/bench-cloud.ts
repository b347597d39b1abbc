/** A cloud of real processes for the benchmark, and connections to it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findControl } from '#app/control-record.ts';
import { RealCloud, type RealCloudOptions } from '../../test/support/real-cloud.ts';
import { Connection } from './connection.ts';

export class BenchCloud implements AsyncDisposable {
  readonly real: RealCloud;
  readonly #connections: Connection[] = [];

  private constructor(real: RealCloud) {
    this.real = real;
  }

  static async start(options: RealCloudOptions = {}): Promise<BenchCloud> {
    return new BenchCloud(await RealCloud.start(options));
  }

  /** Down and up again: as most clouds are, whose first start was some time ago. */
  async restart(): Promise<void> {
    await this.real.down();
    await this.real.up();
  }

  get url(): string {
    const url = findControl(this.real.stateDir)?.url;
    assert.ok(url !== undefined, 'the cloud is up');
    return url;
  }

  get controlPid(): number {
    return findControl(this.real.stateDir)?.process.pid ?? 0;
  }

  passwordOf(who: 'admin' | 'demo'): string {
    return readFileSync(join(this.real.stateDir, `${who}-password`), 'utf8').trim();
  }

  /** A connection of its own that speaks as this user. */
  async as(who: 'admin' | 'demo'): Promise<Connection> {
    const connection = new Connection(this.url);
    this.#connections.push(connection);
    await connection.logIn(who, this.passwordOf(who));
    return connection;
  }

  /** No limits for the project that everything is made in. */
  async unlimit(): Promise<void> {
    const [admin, demo] = [await this.as('admin'), await this.as('demo')];
    const { project } = await demo.ask('GET', '/networking/v2.0/quotas/project');
    await admin.ask('PUT', `/networking/v2.0/quotas/${project.project_id}`, {
      quota: unlimited(['network', 'subnet', 'port', 'security_group']),
    });
    await admin.ask('PUT', `/compute/v2.1/os-quota-sets/${project.project_id}`, {
      quota_set: unlimited(['instances', 'cores', 'ram']),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection[Symbol.dispose]();
    await this.real[Symbol.asyncDispose]();
  }
}

const unlimited = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, -1]));

/** So often that it is noticed at once, and not so often that the asking is what takes the time. */
const ASK_EVERY_MS = 2;
/** The same of a list that is long. */
const ASK_OFTEN_MS = 20;

/** Asks for a server and waits until it is ACTIVE. Returns its id. */
export async function boot(
  connection: Connection,
  server: { readonly imageRef: string; readonly networks: readonly object[] },
): Promise<string> {
  const made = await connection.ask('POST', '/compute/v2.1/servers', {
    server: { name: 'bench', flavorRef: '42', ...server },
  });
  const { id } = made.server;
  for (;;) {
    const { server: seen } = await connection.ask('GET', `/compute/v2.1/servers/${id}`);
    if (seen.status === 'ACTIVE') return id;
    assert.equal(seen.status, 'BUILD', JSON.stringify(seen.fault));
    await delay(ASK_EVERY_MS);
  }
}

/** Asks for many servers in one request and waits until all are ACTIVE. Returns their ids. */
export async function bootMany(
  connection: Connection,
  server: { readonly imageRef: string; readonly networks: readonly object[] },
  count: number,
): Promise<readonly string[]> {
  const { reservation_id } = await connection.ask('POST', '/compute/v2.1/servers', {
    server: {
      ...{ name: 'bench', flavorRef: '42', ...server },
      ...{ min_count: count, max_count: count, return_reservation_id: true },
    },
  });
  const list = `/compute/v2.1/servers/detail?reservation_id=${reservation_id}`;
  for (;;) {
    const { servers } = await connection.ask('GET', list);
    const failed = servers.find(({ status }: { status: string }) => status === 'ERROR');
    assert.equal(failed, undefined, JSON.stringify(failed?.fault));
    const active = servers.filter(({ status }: { status: string }) => status === 'ACTIVE');
    if (active.length === count) return active.map(({ id }: { id: string }) => id);
    await delay(ASK_OFTEN_MS);
  }
}

/** Takes a server away and waits until it is gone. */
export async function remove(connection: Connection, id: string): Promise<void> {
  await connection.ask('DELETE', `/compute/v2.1/servers/${id}`);
  for (;;) {
    const { status } = await connection.send('GET', `/compute/v2.1/servers/${id}`);
    if (status === 404) return;
    await delay(ASK_EVERY_MS);
  }
}
