/** A server's virtual network cards: shown, plugged into a running server, unplugged from it. */
import { canonicalIp } from '#base/net/ip.ts';
import { flag, type Db } from '#platform/db/tables.ts';
import { internalContext, type Context } from '#platform/context.ts';
import type { SagaEngine } from '#platform/saga/engine.ts';
import type { Policy } from '#platform/policy/policy.ts';
import type { NetworkApi, NetworkFacts, PortFacts } from '#network/network-api.ts';
import { portLimitExceeded, serverUnfit } from '../compute.faults.ts';
import type { DesiredServers } from '../servers/desired-servers.ts';
import type { ServerActions } from '../servers/server-actions.ts';
import { checkGroups, usablePort } from '../servers/server-create-parts.ts';
import * as networkFaults from '../servers/server-network.faults.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import { ALLOWED, checkLock, checkState } from '../servers/server-status.rules.ts';
import type { ServerRow } from '../servers/server-row.ts';
import { interfaceAttach, type InterfaceAttachParams } from './interface-attach.saga.ts';
import { interfaceDetach } from './interface-detach.saga.ts';
import * as faults from './interface.faults.ts';
import type { InterfaceCreateBody } from './interface.schema.ts';
import {
  findInterface,
  freeSlot,
  insertInterfaces,
  listInterfaces,
  updateInterface,
  type InterfaceRow,
} from './interface.store.ts';

export type InterfaceServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly network: NetworkApi;
  readonly reader: ServerReader;
  readonly actions: ServerActions;
  readonly servers: DesiredServers;
  readonly sagas: SagaEngine;
  readonly newId: () => string;
};

/** A port of a server, with its tag when compute plugged it. */
export type AttachedPort = { readonly port: PortFacts; readonly tag: string | null };

const RULE = 'os_compute_api:os-attach-interfaces';

export class InterfaceService {
  readonly #deps: InterfaceServiceDeps;

  constructor(deps: InterfaceServiceDeps) {
    this.#deps = deps;
  }

  /** compat: what the network says is the server's, in the order of port ids, plugged by compute or not. */
  async list(ctx: Context, serverId: string): Promise<readonly AttachedPort[]> {
    const { db, reader, network } = this.#deps;
    const server = await reader.get(ctx, serverId, `${RULE}:list`);
    const ports = (await network.portsOf(ctx, [server.id])).get(server.id) ?? [];
    const cards = new Map(
      (await listInterfaces(db, server.id)).map((card) => [card.port_id, card]),
    );
    return ports
      .map((port) => ({ port, tag: cards.get(port.id)?.tag ?? null }))
      .sort((one, other) => (one.port.id < other.port.id ? -1 : 1));
  }

  async get(ctx: Context, serverId: string, portId: string): Promise<AttachedPort> {
    const { db, reader, network } = this.#deps;
    const server = await reader.get(ctx, serverId, `${RULE}:show`);
    const port = await network.findPort(ctx, portId);
    if (!port) throw networkFaults.portNotFound(portId, 'not-found');
    if (port.deviceId !== server.id) throw faults.notAttached(serverId, portId);
    return { port, tag: (await findInterface(db, portId))?.tag ?? null };
  }

  /** Plugs a card and answers when the guest has it. */
  async attach(ctx: Context, serverId: string, body: InterfaceCreateBody): Promise<AttachedPort> {
    const { db, reader, sagas, network, actions } = this.#deps;
    const wanted = body?.interfaceAttachment ?? {};
    const server = await reader.get(ctx, serverId, `${RULE}:create`);
    const given = wanted.fixed_ips?.[0].ip_address;
    const fixedIp = given === undefined ? null : (canonicalIp(given) ?? given);
    if (wanted.net_id !== undefined && wanted.port_id !== undefined) {
      throw faults.bothNetworkAndPort();
    }
    if (fixedIp !== null && wanted.net_id === undefined) throw faults.addressWithoutNetwork();
    checkLock(server, reader.isAdmin(ctx));
    checkState('attach_interface', ALLOWED.attach_interface, server);
    const plan =
      wanted.port_id === undefined
        ? await this.#planNew(ctx, wanted.net_id, fixedIp)
        : await this.#planGiven(ctx, server, wanted.port_id);
    const params: InterfaceAttachParams = {
      serverId,
      projectId: server.project_id,
      requestId: ctx.requestId,
      ...plan,
    };
    const sagaId = await db.transaction().execute(async (tx) => {
      // What was looked up may have changed since: the row decides.
      const now = await reader.get(ctx, serverId, `${RULE}:create`, tx);
      checkState('attach_interface', ALLOWED.attach_interface, now);
      if (now.boot === null) throw serverUnfit('attach_interface', serverId);
      if (await findInterface(tx, plan.portId)) throw faults.busy(plan.portId);
      const cards = await listInterfaces(tx, serverId);
      const slot = freeSlot(cards);
      if (slot === undefined) throw faults.attachFailed(serverId);
      await insertInterfaces(tx, [cardOf(plan, serverId, slot, cards, wanted.tag ?? null)]);
      await actions.record(tx, ctx, now, 'attach_interface', 'compute_attach_interface');
      return await sagas.start(tx, interfaceAttach, params, {
        resourceId: serverId,
        projectId: server.project_id,
        requestId: ctx.requestId,
      });
    });
    sagas.wake();
    const end = await sagas.wait(sagaId, ctx.signal);
    if (end.state !== 'done') throw faults.attachFault(end.error, params);
    const inner = internalContext(ctx.log, ctx.signal, server.project_id, ctx.requestId);
    const port = await network.findPort(inner, plan.portId);
    if (!port) throw networkFaults.portNotFound(plan.portId, 'not-found');
    return { port, tag: wanted.tag ?? null };
  }

  /** Begins to unplug a card. compat: a port that is not the server's is accepted too, and the action fails later. */
  async detach(ctx: Context, serverId: string, portId: string): Promise<void> {
    const { db, reader, sagas, actions } = this.#deps;
    const started = await db.transaction().execute(async (tx) => {
      const server = await reader.get(ctx, serverId, `${RULE}:delete`, tx);
      checkLock(server, reader.isAdmin(ctx));
      checkState('detach_interface', ALLOWED.detach_interface, server);
      const card = await findInterface(tx, portId);
      if (card?.server_id !== serverId) {
        const why = `Port ${portId} is not attached`;
        await actions.record(tx, ctx, server, 'detach_interface', 'compute_detach_interface', why);
        return false;
      }
      if (card.state !== 'attached') throw faults.busy(portId);
      await updateInterface(tx, portId, { state: 'detaching' });
      await actions.record(tx, ctx, server, 'detach_interface', 'compute_detach_interface');
      const { project_id: projectId } = server;
      const { requestId } = ctx;
      const params = { serverId, projectId, requestId, portId };
      await sagas.start(tx, interfaceDetach, params, {
        resourceId: serverId,
        projectId,
        requestId,
      });
      return true;
    });
    if (started) sagas.wake();
  }

  async #planNew(ctx: Context, netId: string | undefined, fixedIp: string | null) {
    const { network, policy, newId } = this.#deps;
    const found =
      netId === undefined
        ? await this.#onlyNetwork(ctx)
        : (await network.findNetworks(ctx, [netId]))[0];
    if (!found) throw networkFaults.networksNotFound([netId ?? ''], 'not-found');
    if (found.external && !found.shared && !policy.allows(ctx, 'network:attach_external_network')) {
      throw networkFaults.externalNetworkForbidden(found.id);
    }
    checkGroups(found, undefined, null);
    if (fixedIp !== null && (await network.findPortByAddress(found.id, fixedIp))) {
      throw faults.fixedIpTaken(fixedIp);
    }
    const quota = await network.portQuota(ctx, ctx.projectId);
    if (quota.limit >= 0 && quota.used >= quota.limit) throw portLimitExceeded();
    return { portId: newId(), given: false, networkId: found.id, fixedIp };
  }

  async #onlyNetwork(ctx: Context): Promise<NetworkFacts> {
    const found = await this.#deps.network.availableNetworks(ctx);
    // compat: 400 here, where the creation of a server has 409.
    if (found.length > 1) throw networkFaults.networkAmbiguous('invalid');
    const [only] = found;
    if (!only) throw faults.noNetworkAvailable(ctx.projectId);
    return only;
  }

  async #planGiven(ctx: Context, server: ServerRow, portId: string) {
    const { network } = this.#deps;
    if (!(await network.findPort(ctx, portId))) {
      throw networkFaults.portNotFound(portId, 'not-found');
    }
    const inner = internalContext(ctx.log, ctx.signal, server.project_id, ctx.requestId);
    const port = await usablePort(network, inner, portId, {
      deviceId: server.id,
      hostname: server.hostname,
    });
    if (port.deviceId !== '') throw networkFaults.portInUse(portId);
    const [found] = await network.findNetworks(inner, [port.networkId]);
    if (found) checkGroups(found, port, null);
    return { portId, given: true, networkId: port.networkId, fixedIp: null };
  }
}

/** The row of a card whose port is not there yet: MAC and MTU come with the port. */
function cardOf(
  plan: { readonly portId: string; readonly given: boolean; readonly networkId: string },
  serverId: string,
  slot: number,
  cards: readonly InterfaceRow[],
  tag: string | null,
): InterfaceRow {
  return {
    port_id: plan.portId,
    server_id: serverId,
    network_id: plan.networkId,
    mac: '',
    mtu: 0,
    slot,
    position: Math.max(-1, ...cards.map(({ position }) => position)) + 1,
    tag,
    preserve_on_delete: flag(plan.given),
    state: 'attaching',
  };
}
