/** What is asked of a server that exists: power, lock, states, console, deletion, and its own description. */
import { canonicalIp } from '#base/net/ip.ts';
import type { Context } from '#platform/context.ts';
import type { HostReader } from '#platform/host/host-gate.ts';
import type { SagaEngine } from '#platform/saga/engine.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import {
  badRequest,
  notSupported,
  serverNotFound,
  serverNotReady,
  serverUnfit,
} from '../compute.faults.ts';
import { listInterfaces } from '../interfaces/interface.store.ts';
import { insertActions } from '../instance-actions/instance-action.store.ts';
import type { DesiredServers } from './desired-servers.ts';
import type { PowerAction } from './server-actions.rules.ts';
import { serverDelete } from './server-delete.saga.ts';
import type { ServerReader } from './server-reader.ts';
import { ALLOWED, checkLock, checkState } from './server-status.rules.ts';
import type { ServerChange, ServerRow } from './server-row.ts';
import { updateServer } from './server.store.ts';

export type ServerActionsDeps = {
  readonly db: Db;
  readonly now: () => Date;
  readonly policy: Policy;
  readonly reader: ServerReader;
  readonly servers: DesiredServers;
  readonly sagas: SagaEngine;
  readonly hostReader: HostReader;
};

/** What changes of a server by PUT. */
export type ServerUpdate = {
  readonly name?: string;
  readonly description?: string | null;
  readonly accessIPv4?: string;
  readonly accessIPv6?: string;
  readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
  readonly hostname?: string;
  readonly pinned_availability_zone?: string | null;
};

export class ServerActions {
  readonly #deps: ServerActionsDeps;

  constructor(deps: ServerActionsDeps) {
    this.#deps = deps;
  }

  /** Starts, stops, pauses, reboots: writes what should be and tells the host; the row follows what the host reports. */
  async power(ctx: Context, id: string, action: PowerAction): Promise<void> {
    const { db, reader, servers } = this.#deps;
    const row = await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, action.rule, tx);
      checkLock(server, reader.isAdmin(ctx));
      checkState(action.name, action.allowed, server);
      if (server.boot === null) throw serverUnfit(action.name, id);
      await this.record(tx, ctx, server, action.name, action.event);
      return await this.#change(tx, server, { ...action.change(server), fault: null });
    });
    servers.tell(row, await listInterfaces(db, id));
  }

  /** Begins to take a server away. A server that is going already is left to go. */
  async delete(ctx: Context, id: string, rule: string): Promise<void> {
    const { db, reader, sagas, servers } = this.#deps;
    const started = await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, rule, tx);
      checkLock(server, reader.isAdmin(ctx));
      if (server.task_state === 'deleting') return false;
      await this.record(tx, ctx, server, 'delete', 'compute_terminate_instance');
      await this.#change(tx, server, { task_state: 'deleting' });
      const params = { serverId: id, projectId: server.project_id, requestId: ctx.requestId };
      const subject = { resourceId: id, projectId: server.project_id, requestId: ctx.requestId };
      await sagas.start(tx, serverDelete, params, subject);
      return true;
    });
    if (!started) return;
    servers.markGoing(id);
    sagas.wake();
  }

  async lock(ctx: Context, id: string, reason: string | null): Promise<void> {
    const { db, reader } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, 'os_compute_api:os-lock-server:lock', tx);
      const by = server.project_id === ctx.projectId && !reader.isAdmin(ctx) ? 'owner' : 'admin';
      await this.record(tx, ctx, server, 'lock', 'api_lock', true);
      await this.#change(tx, server, { locked_by: by, locked_reason: reason });
    });
  }

  async unlock(ctx: Context, id: string): Promise<void> {
    const { db, policy, reader } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, 'os_compute_api:os-lock-server:unlock', tx);
      // What an admin has locked, only one who may override that unlocks.
      if (server.locked_by === 'admin') {
        policy.authorize(ctx, 'os_compute_api:os-lock-server:unlock:unlock_override', {
          project_id: server.project_id,
        });
      }
      await this.record(tx, ctx, server, 'unlock', 'api_unlock', true);
      await this.#change(tx, server, { locked_by: null, locked_reason: null });
    });
  }

  async resetState(ctx: Context, id: string, state: 'active' | 'error'): Promise<void> {
    const { db, reader } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const rule = 'os_compute_api:os-admin-actions:reset_state';
      const server = await reader.get(ctx, id, rule, tx);
      // Its deletion goes on whatever the row says, so the row goes on saying so.
      if (server.task_state === 'deleting') throw serverUnfit('os-resetState', id);
      await this.#change(tx, server, { vm_state: state, task_state: null });
    });
  }

  async console(ctx: Context, id: string, length: number | null): Promise<string> {
    const { reader, hostReader } = this.#deps;
    const server = await reader.get(ctx, id, 'os_compute_api:os-console-output');
    if (server.host === '') throw serverNotReady(id);
    const text = await hostReader.readConsole(server.host, id, length, ctx.signal);
    // compat: Nova leaves out control characters, which XML could not hold.
    // oxlint-disable-next-line no-control-regex -- these are what is meant
    const plain = text.replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, '');
    // compat: to Nova, there is a line after the last line's end.
    return length === null ? plain : plain.split('\n').slice(-length).join('\n');
  }

  /** Refuses what needs an agent in the guest. */
  async changePassword(ctx: Context, id: string): Promise<never> {
    await this.#deps.reader.get(ctx, id, 'os_compute_api:os-admin-password');
    throw notSupported('Unable to set password on instance');
  }

  /** Forgets what the guest has told as its password, so that it can tell another. */
  async clearPassword(ctx: Context, id: string): Promise<void> {
    const { db, reader } = this.#deps;
    await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, 'os_compute_api:os-server-password:clear', tx);
      await this.#change(tx, server, { password: null });
    });
  }

  /** Refuses an action that is not served yet, after everything that Nova would refuse it for. */
  async later(
    ctx: Context,
    id: string,
    action: string,
    rule: string,
    check: (server: ServerRow) => void,
  ): Promise<never> {
    const { reader } = this.#deps;
    const server = await reader.get(ctx, id, `os_compute_api:${rule}`);
    checkLock(server, reader.isAdmin(ctx));
    check(server);
    throw notSupported(`The action '${action}' is not implemented by this cloud yet.`);
  }

  async update(ctx: Context, id: string, wanted: ServerUpdate): Promise<ServerRow> {
    const { db, reader } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, 'os_compute_api:servers:update', tx);
      const change: ServerChange = {
        ...(wanted.name !== undefined && { name: wanted.name.trim() }),
        ...(wanted.description !== undefined && { description: wanted.description }),
        ...(wanted.accessIPv4 !== undefined && { access_ip_v4: wanted.accessIPv4 }),
        ...(wanted.accessIPv6 !== undefined && {
          access_ip_v6: canonicalIp(wanted.accessIPv6) ?? '',
        }),
        ...(wanted['OS-DCF:diskConfig'] !== undefined && {
          disk_config: wanted['OS-DCF:diskConfig'],
        }),
        ...(wanted.hostname !== undefined && { hostname: wanted.hostname }),
        ...(wanted.pinned_availability_zone !== undefined && {
          pinned_availability_zone: this.#pin(server, wanted.pinned_availability_zone),
        }),
      };
      return Object.keys(change).length === 0 ? server : await this.#change(tx, server, change);
    });
  }

  /** A server can be pinned to the zone that it is in, or to none. */
  #pin(server: ServerRow, zone: string | null): string | null {
    if (zone !== null && server.availability_zone !== '' && zone !== server.availability_zone) {
      throw badRequest(
        `Instance ${server.id} is in availability zone ${server.availability_zone} and cannot be pinned to ${zone}.`,
      );
    }
    return zone;
  }

  /** Changes metadata or tags within one transaction. */
  async describe(
    ctx: Context,
    id: string,
    rule: string,
    what: 'update_metadata' | 'tags',
    change: (server: ServerRow) => ServerChange | Promise<ServerChange>,
  ): Promise<ServerRow> {
    const { db, reader } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, id, rule, tx);
      if (what === 'update_metadata') checkLock(server, reader.isAdmin(ctx));
      checkState(what === 'tags' ? 'update_tags' : what, ALLOWED[what], server);
      return await this.#change(tx, server, await change(server));
    });
  }

  /** Writes down that something was asked; `ended` when there is nothing to wait for: true, or why it failed. */
  async record(
    tx: Tx,
    ctx: Context,
    server: ServerRow,
    action: string,
    event: string,
    ended: boolean | string = false,
  ): Promise<void> {
    const at = this.#deps.now().toISOString();
    const row = {
      server_id: server.id,
      request_id: ctx.requestId,
      action,
      user_id: ctx.userId,
      project_id: ctx.projectId,
      start_time: at,
      finish_time: ended === false ? null : at,
      message: typeof ended === 'string' ? 'Error' : null,
      event,
      host: server.host,
      details: typeof ended === 'string' ? ended : null,
    };
    await insertActions(tx, [row]);
  }

  async #change(tx: Tx, server: ServerRow, change: ServerChange): Promise<ServerRow> {
    const updated_at = this.#deps.now().toISOString();
    const row = await updateServer(tx, server.id, { ...change, updated_at });
    if (!row) throw serverNotFound(server.id);
    return row;
  }
}
