/** Takes in what other services say has become of servers' ports, volumes and power. */
import { internalContext, type Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { NetworkApi } from '#network/network-api.ts';
import { listInterfaces, updateInterface } from '../interfaces/interface.store.ts';
import type { PlugWatch } from '../interfaces/plug-watch.ts';
import type { LostPorts } from '../interfaces/lost-ports.ts';
import type { ServerActions } from '../servers/server-actions.ts';
import type { ServerRow } from '../servers/server-row.ts';
import { findServersById } from '../servers/server.store.ts';
import { actionOf, codeOf, type EventCode } from './server-external-event.rules.ts';
import type { ExternalEvent } from './server-external-event.schema.ts';

export type ExternalEventDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly network: NetworkApi;
  readonly actions: ServerActions;
  readonly lostPorts: LostPorts;
  readonly plugs: PlugWatch;
};

/** An event with what became of it. */
export type AnsweredEvent = ExternalEvent & {
  readonly status: 'completed' | 'failed';
  readonly code: EventCode;
};

export class ServerExternalEvents {
  readonly #deps: ExternalEventDeps;

  constructor(deps: ExternalEventDeps) {
    this.#deps = deps;
  }

  /** Each event is judged by itself: one that is refused keeps no other from being taken. */
  async take(ctx: Context, events: readonly ExternalEvent[]): Promise<readonly AnsweredEvent[]> {
    const { db, policy } = this.#deps;
    policy.authorize(ctx, 'os_compute_api:os-server-external-events:create', {});
    const ids = [...new Set(events.map((event) => event.server_uuid))];
    const servers = new Map((await findServersById(db, ids)).map((server) => [server.id, server]));
    const answers: AnsweredEvent[] = [];
    for (const event of events) {
      const server = servers.get(event.server_uuid);
      const code = codeOf(event, server);
      if (server && code === 200) await this.#apply(ctx, server, event);
      answers.push({ ...event, status: code === 200 ? 'completed' : 'failed', code });
    }
    return answers;
  }

  async #apply(ctx: Context, server: ServerRow, event: ExternalEvent): Promise<void> {
    const { db, actions, lostPorts, plugs } = this.#deps;
    const { name, tag } = event;
    ctx.log.info({ server_id: server.id, event: name, tag }, 'an external event was taken');
    if (name === 'network-changed') await this.#refresh(ctx, server.id, tag);
    if (name === 'network-vif-plugged' && tag !== undefined) {
      plugs.tell(server.id, tag, event.status === 'failed' ? 'failed' : 'completed');
    }
    if (name === 'network-vif-deleted' && tag !== undefined) {
      await lostPorts.unplug(tag, server.id);
    }
    const told = actionOf(event);
    if (!told) return;
    await db.transaction().execute(async (tx) => {
      await actions.record(tx, ctx, server, told.action, told.event, told.ended);
    });
  }

  /**
   * Addresses, groups and states of ports are read from the network whenever they are shown. Only the MTU of a card is
   * written down: it is taken over here, and the guest has it when it starts again.
   */
  async #refresh(ctx: Context, serverId: string, only: string | undefined): Promise<void> {
    const { db, network } = this.#deps;
    const inner = internalContext(ctx.log, ctx.signal, ctx.projectId, ctx.requestId);
    const ports = (await network.portsOf(inner, [serverId])).get(serverId) ?? [];
    const byId = new Map(ports.map((port) => [port.id, port]));
    const ids = [...new Set(ports.map((port) => port.networkId))];
    const networks = new Map(
      (await network.findNetworks(inner, ids)).map((each) => [each.id, each]),
    );
    for (const card of await listInterfaces(db, serverId)) {
      if (card.state !== 'attached' || (only !== undefined && card.port_id !== only)) continue;
      const port = byId.get(card.port_id);
      const mtu = port && networks.get(port.networkId)?.mtu;
      if (mtu !== undefined && mtu !== card.mtu) await updateInterface(db, card.port_id, { mtu });
    }
  }
}
