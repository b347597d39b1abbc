/** What can be done with agents: hosts' agents as the network service shows them. */
import type { Context } from '#platform/context.ts';
import { flag, type Db } from '#platform/db/tables.ts';
import { Fault } from '#platform/fault.ts';
import type { HostStatus, ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import type { Sent } from '../attributes/request-body.ts';
import { badListRequest } from '../network.faults.ts';
import {
  AGENT_KINDS,
  AGENT_TYPES,
  agentTime,
  filterMembers,
  pageOfMembers,
} from './agent.rules.ts';
import type { AgentUpdate } from './agent.schema.ts';
import * as store from './agent.store.ts';

export const AGENT_POLICIES: readonly PolicyRule[] = ['create', 'get', 'update', 'delete'].map(
  (action) => ({ name: `${action}_agent`, check: 'rule:admin_only' }),
);

export type AgentDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly observed: ObservedHosts;
  readonly newId: () => string;
  readonly now: () => Date;
};

/** An agent as it is shown. */
export type Agent = ReturnType<AgentService['view']>;

export class AgentService {
  readonly #deps: AgentDeps;
  /** Since when hosts have been there without a break. */
  readonly #started = new Map<string, Date>();

  constructor(deps: AgentDeps) {
    this.#deps = deps;
    const { observed } = deps;
    const follow = (host: string, status: HostStatus | undefined) => {
      if (!status?.connected) this.#started.delete(host);
      else if (!this.#started.has(host)) this.#started.set(host, status.heardAt);
    };
    for (const host of observed.hosts()) follow(host, observed.status(host));
    observed.onHost(follow);
  }

  async list(ctx: Context, query: ListQuery): Promise<readonly Agent[]> {
    if (!this.#deps.policy.allows(ctx, 'get_agent')) return [];
    return pageOfMembers(filterMembers(await this.all(), query.filters), query.page);
  }

  /** Every agent, also of hosts that are away, for whoever asks inside. */
  async all(): Promise<readonly Agent[]> {
    const { db } = this.#deps;
    await this.#remember();
    return (await store.listAgents(db)).map((row) => this.view(row));
  }

  async get(ctx: Context, id: string): Promise<Agent> {
    const row = await store.findAgent(this.#deps.db, id);
    if (!row || !this.#deps.policy.allows(ctx, 'get_agent')) throw agentNotFound(id);
    return this.view(row);
  }

  async create(): Promise<never> {
    throw badListRequest('agents', 'Agent creation using API is not supported');
  }

  async update(ctx: Context, id: string, { values }: Sent<AgentUpdate>): Promise<Agent> {
    const { db, policy } = this.#deps;
    await this.get(ctx, id);
    policy.authorize(ctx, 'update_agent');
    const { admin_state_up: up, description } = values;
    if (up !== undefined || description !== undefined) {
      await store.updateAgent(db, id, {
        ...(up !== undefined && { admin_state_up: flag(up) }),
        ...(description !== undefined && { description }),
      });
    }
    return await this.get(ctx, id);
  }

  /** Forgets an agent. One that is there comes back, by another id. */
  async delete(ctx: Context, id: string): Promise<void> {
    await this.get(ctx, id);
    this.#deps.policy.authorize(ctx, 'delete_agent');
    await store.deleteAgent(this.#deps.db, id);
  }

  view(row: store.AgentRow) {
    const { observed } = this.#deps;
    const { topic, zone } = AGENT_KINDS[row.agent_type];
    const status = observed.status(row.host);
    const started = this.#started.get(row.host)?.toISOString() ?? row.created_at;
    const count = (section: 'networks' | 'ports' | 'routers') =>
      observed.ids(row.host, section).length;
    const configurations = {
      'DHCP agent': { dhcp_driver: 'dnsmasq', networks: count('networks'), ports: count('ports') },
      'L3 agent': { agent_mode: 'legacy', routers: count('routers') },
      'Linux bridge agent': { devices: count('ports') },
    };
    return {
      id: row.id,
      agent_type: row.agent_type,
      binary: 'stackyard-agent',
      topic,
      host: row.host,
      admin_state_up: row.admin_state_up === 1,
      created_at: agentTime(row.created_at),
      started_at: agentTime(started),
      heartbeat_timestamp: agentTime(status?.heardAt.toISOString() ?? row.created_at),
      alive: status?.connected ?? false,
      description: row.description,
      availability_zone: zone,
      resources_synced: null,
      configurations: configurations[row.agent_type],
    };
  }

  /** Gives an id to the agents of hosts that have come since it was last asked. */
  async #remember(): Promise<void> {
    const { db, observed, newId, now } = this.#deps;
    const known = new Set(
      (await store.listAgents(db)).map((row) => `${row.agent_type} ${row.host}`),
    );
    await store.ensureAgents(
      db,
      observed.hosts().flatMap((host) =>
        AGENT_TYPES.filter((type) => !known.has(`${type} ${host}`)).map((agent_type) => ({
          id: newId(),
          host,
          agent_type,
          admin_state_up: 1 as const,
          description: null,
          created_at: now().toISOString(),
        })),
      ),
    );
  }
}

const agentNotFound = (id: string) =>
  new Fault('not-found', 'AgentNotFound', `Agent ${id} could not be found.`);
