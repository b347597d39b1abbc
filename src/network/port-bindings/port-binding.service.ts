/** Where a port is bound and where else it may be: a second host is made ready, then it takes over. */
import type { Context } from '#platform/context.ts';
import type { Db, Tx } from '#platform/db/tables.ts';
import { updateRow } from '../attributes/list.store.ts';
import { timestamp } from '../attributes/standard.ts';
import { NOT_THERE, planBinding, statusOf } from '../binding/binding.rules.ts';
import type { NetworkDeps } from '../network-deps.ts';
import {
  portBindingAlreadyActive,
  portBindingAlreadyExists,
  portBindingError,
  portBindingNotFound,
  portNotFound,
  portWithoutBindings,
  resourceNotFound,
} from '../network.faults.ts';
import { findVisiblePort } from '../ports/port-list.store.ts';
import { changePort } from '../ports/port-update.ts';
import * as store from '../ports/port.store.ts';
import type { BindingRow } from '../ports/port.store.ts';
import { tellPort } from '../ports/tell-port.ts';
import { wholePort, type Port } from '../ports/whole-port.store.ts';
import type { PortBindingCreate, PortBindingUpdate } from './port-binding.schema.ts';

/** compat: Neutron's rule for activation is named `activate`, and no more. */
type Rule = 'create_port_binding' | 'update_port_binding' | 'delete_port_binding' | 'activate';

export class PortBindingService {
  readonly #deps: NetworkDeps;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  /** compat: a list has what the caller may see of it; a port's owner sees no binding. */
  async list(ctx: Context, portId: string): Promise<readonly BindingRow[]> {
    const { db } = this.#deps;
    const port = await this.#visible(db, ctx, portId);
    checkMoving(port);
    return this.#mayRead(ctx) ? await store.listBindings(db, portId) : [];
  }

  async get(ctx: Context, portId: string, host: string): Promise<BindingRow> {
    const { db } = this.#deps;
    const port = await this.#visible(db, ctx, portId);
    checkMoving(port);
    const binding = await found(db, portId, host);
    if (!this.#mayRead(ctx)) throw resourceNotFound();
    return binding;
  }

  /** Further bindings are inactive: a port always has its first one, even while that is to no host. */
  async create(
    ctx: Context,
    portId: string,
    wanted: readonly PortBindingCreate[],
  ): Promise<readonly BindingRow[]> {
    const { db, hosts } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      await this.#moving(tx, ctx, portId, 'create_port_binding');
      const made: BindingRow[] = [];
      for (const { host, vnic_type, profile } of wanted) {
        if (await store.findBinding(tx, portId, host)) throw portBindingAlreadyExists(portId, host);
        const binding = boundTo(
          { port_id: portId, host, vnic_type, profile: JSON.stringify(profile) },
          'INACTIVE',
          (name) => hosts.isKnown(name),
        );
        await store.insertBinding(tx, binding);
        made.push(binding);
      }
      return made;
    });
  }

  async update(
    ctx: Context,
    portId: string,
    host: string,
    change: PortBindingUpdate,
  ): Promise<BindingRow> {
    const { hosts } = this.#deps;
    return await this.#change(ctx, portId, 'update_port_binding', async (tx, port) => {
      const before = await found(tx, portId, host);
      const moved = change.host ?? host;
      if (moved !== host && (await store.findBinding(tx, portId, moved))) {
        throw portBindingAlreadyExists(portId, moved);
      }
      const after = boundTo(
        {
          port_id: portId,
          host: moved,
          vnic_type: change.vnic_type ?? before.vnic_type,
          profile: change.profile ? JSON.stringify(change.profile) : before.profile,
        },
        before.status,
        (name) => hosts.isKnown(name),
      );
      await store.deleteBinding(tx, portId, host);
      await store.insertBinding(tx, after);
      return before.status === 'ACTIVE' ? await this.#rebound(tx, port, after) : after;
    });
  }

  /** The port is unplugged where it was and plugged on the other host, which has to report it before it is ACTIVE. */
  async activate(ctx: Context, portId: string, host: string): Promise<BindingRow> {
    const { hosts } = this.#deps;
    return await this.#change(ctx, portId, 'activate', async (tx, port) => {
      const active = port.binding;
      if (active.host === host) throw portBindingAlreadyActive(portId, host);
      const inactive = await found(tx, portId, host);
      const after = boundTo(inactive, 'ACTIVE', (name) => hosts.isKnown(name));
      await store.deleteBinding(tx, portId, active.host);
      await store.deleteBinding(tx, portId, host);
      if (active.host !== '') await store.insertBinding(tx, deactivated(active));
      await store.insertBinding(tx, after);
      return await this.#rebound(tx, port, after);
    });
  }

  /** Without its active binding a port is bound to no host. */
  async delete(ctx: Context, portId: string, host: string): Promise<void> {
    await this.#change(ctx, portId, 'delete_port_binding', async (tx, port) => {
      const { status } = await found(tx, portId, host);
      if (status === 'INACTIVE') {
        await store.deleteBinding(tx, portId, host);
        return;
      }
      await changePort(this.#deps, tx, ctx, { before: port, values: { 'binding:host_id': '' } });
    });
  }

  /** Of a port whose active binding was written: its status is what the host sees; on another host it is to be plugged first. */
  async #rebound(tx: Tx, { row, ...before }: Port, binding: BindingRow): Promise<BindingRow> {
    const { hosts, now } = this.#deps;
    const unknown = binding.host === before.binding.host ? undefined : NOT_THERE;
    await updateRow(tx, 'ports', row.id, {
      ...statusOf(row, binding, hosts.seenPort(binding.host, row) ?? unknown),
      updated_at: timestamp(now()),
    });
    return binding;
  }

  /** Writes in one transaction, then tells hosts and listeners what has become of the port. */
  async #change<T>(
    ctx: Context,
    portId: string,
    rule: Rule,
    write: (tx: Tx, port: Port) => Promise<T>,
  ): Promise<T> {
    const { before, after, result } = await this.#deps.db.transaction().execute(async (tx) => {
      const port = await wholePort(tx, await this.#moving(tx, ctx, portId, rule));
      const written = await write(tx, port);
      const row = (await store.findPort(tx, portId)) ?? port.row;
      return { before: port, after: await wholePort(tx, row), result: written };
    });
    await tellPort(this.#deps, before, after);
    return result;
  }

  async #moving(tx: Tx, ctx: Context, portId: string, rule: Rule): Promise<store.PortRow> {
    const port = await this.#visible(tx, ctx, portId);
    this.#deps.policy.authorize(ctx, rule, {});
    checkMoving(port);
    return port;
  }

  async #visible(db: Db, ctx: Context, portId: string): Promise<store.PortRow> {
    const port = await findVisiblePort(db, ctx, portId);
    if (!port) throw portNotFound(portId);
    return port;
  }

  #mayRead(ctx: Context): boolean {
    return this.#deps.policy.allows(ctx, 'get_port_binding', {});
  }
}

async function found(db: Db, portId: string, host: string): Promise<BindingRow> {
  const binding = await store.findBinding(db, portId, host);
  if (!binding) throw portBindingNotFound(portId, host);
  return binding;
}

/** Ports of servers and of shared file systems move between hosts; others do not. */
const MOVING = ['compute:', 'manila:'] as const;

function checkMoving(port: { readonly id: string; readonly device_owner: string }): void {
  if (!MOVING.some((prefix) => port.device_owner.startsWith(prefix))) {
    throw portWithoutBindings(port.id);
  }
}

/** Binds to the host or throws: a second binding that failed would be of no use to anybody. */
function boundTo(
  binding: Pick<BindingRow, 'port_id' | 'host' | 'vnic_type' | 'profile'>,
  status: BindingRow['status'],
  isKnown: (host: string) => boolean,
): BindingRow {
  const plan = planBinding(binding.host, binding.vnic_type, isKnown);
  if (plan.vif_type === 'binding_failed') throw portBindingError(binding.port_id, binding.host);
  return { port_id: binding.port_id, profile: binding.profile, status, ...plan };
}

/** What is left of a binding when another takes over: the port may come back to it. */
function deactivated(binding: BindingRow): BindingRow {
  return { ...binding, status: 'INACTIVE', vif_type: 'unbound', vif_details: '{}' };
}
