/** Tickets to consoles: who gets one, and what it opens. */
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { HostConsoles } from '#platform/host/host-gate.ts';
import type { Logger } from '#platform/log.ts';
import type { SocketDoor } from '#platform/http/web-sockets.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { serverInvalidState, serverNotReady } from '../compute.faults.ts';
import type { DesiredServers } from '../servers/desired-servers.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import type { ServerRow } from '../servers/server-row.ts';
import { findServer } from '../servers/server.store.ts';
import {
  consoleTypeUnavailable,
  ticketRefused,
  tokenNotFound,
  tooManyConnections,
} from './console.faults.ts';
import {
  CONSOLE_PATHS,
  CONSOLE_TYPES,
  servedConsole,
  type ServedConsole,
} from './console.rules.ts';
import {
  findConsoleToken,
  insertConsoleToken,
  type ConsoleTokenRow,
} from './console-token.store.ts';

export type ConsoleDeps = {
  readonly db: Db;
  readonly now: () => Date;
  /** What nobody can guess. */
  readonly newToken: () => string;
  readonly policy: Policy;
  readonly reader: ServerReader;
  readonly servers: Pick<DesiredServers, 'seen'>;
  readonly hostConsoles: HostConsoles;
  readonly log: Logger;
};

/** Nova's default for `token_ttl`. */
const TOKEN_MS = 600_000;
/** Connections to one server at once: enough for everybody who has to do with it, and no more than a host can bear. */
const MOST_CONNECTIONS = 16;
/** Longer than any token; what is longer is not even hashed. */
const MOST_TOKEN_CHARACTERS = 200;

export class Consoles {
  readonly #deps: ConsoleDeps;
  /** How many sit at a server's consoles. */
  readonly #connections = new Map<string, number>();

  constructor(deps: ConsoleDeps) {
    this.#deps = deps;
  }

  /** A ticket to a server's console, good for ten minutes and any number of connections. */
  async create(
    ctx: Context,
    serverId: string,
    protocol: string,
    type: string,
  ): Promise<{ readonly type: ServedConsole; readonly token: string }> {
    const { db, now, newToken, reader } = this.#deps;
    const server = await reader.get(ctx, serverId, 'os_compute_api:os-remote-consoles');
    if (protocol === 'rdp') throw consoleTypeUnavailable(protocol);
    if (server.host === '') throw serverNotReady(serverId);
    if (server.task_state === 'deleting') {
      throw serverInvalidState(`get_${protocol}_console`, serverId, 'task_state', 'deleting');
    }
    const served = servedConsole(protocol, type);
    if (!this.#runs(server)) throw serverNotReady(serverId);
    const token = newToken();
    const at = now();
    await insertConsoleToken(db, {
      token_hash: hashOf(token),
      server_id: serverId,
      console_type: served,
      expires_at: new Date(at.getTime() + TOKEN_MS).toISOString(),
      created_at: at.toISOString(),
    });
    return { type: served, token };
  }

  /** Where a ticket leads. */
  async show(
    ctx: Context,
    token: string,
  ): Promise<{ readonly serverId: string; readonly host: string }> {
    this.#deps.policy.authorize(ctx, 'os_compute_api:os-console-auth-tokens');
    const found = await this.#find(token);
    if (!found) throw tokenNotFound();
    return { serverId: found.server.id, host: found.server.host };
  }

  /** The way in for browsers and other clients, which have nothing to show but the ticket. */
  door(type: ServedConsole): SocketDoor {
    return {
      path: CONSOLE_PATHS[type],
      open: async (query, signal) => await this.#enter(type, query.get('token') ?? '', signal),
    };
  }

  async #enter(type: ServedConsole, token: string, signal: AbortSignal): Promise<Duplex> {
    const found = await this.#find(token);
    if (found?.ticket.console_type !== type) throw ticketRefused();
    const { id, host } = found.server;
    const leave = this.#count(id);
    try {
      const console = { server: id, type: CONSOLE_TYPES[type] };
      const stream = await this.#deps.hostConsoles.openConsole(host, console, signal);
      this.#deps.log.info({ server_id: id, console: type }, 'a console was opened');
      // One that has ended already does not say so again.
      if (stream.destroyed) leave();
      else stream.once('close', leave);
      return stream;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** One more at a server's consoles, until what is returned is called. */
  #count(serverId: string): () => void {
    const before = this.#connections.get(serverId) ?? 0;
    if (before >= MOST_CONNECTIONS) throw tooManyConnections(serverId);
    this.#connections.set(serverId, before + 1);
    return () => {
      const left = (this.#connections.get(serverId) ?? 1) - 1;
      if (left > 0) this.#connections.set(serverId, left);
      else this.#connections.delete(serverId);
    };
  }

  async #find(
    token: string,
  ): Promise<{ readonly ticket: ConsoleTokenRow; readonly server: ServerRow } | undefined> {
    const { db, now } = this.#deps;
    if (token === '' || token.length > MOST_TOKEN_CHARACTERS) return undefined;
    const ticket = await findConsoleToken(db, hashOf(token), now().toISOString());
    const server = ticket && (await findServer(db, ticket.server_id));
    if (!server || server.host === '' || server.task_state === 'deleting') return undefined;
    return { ticket, server };
  }

  /** Nobody can sit at a machine that is off. */
  #runs(server: ServerRow): boolean {
    const power = this.#deps.servers.seen(server)?.power;
    return power === 'running' || power === 'paused';
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
