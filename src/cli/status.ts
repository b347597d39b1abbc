/** `stackyard status`: what runs. */
import { findControl } from '#app/control-record.ts';
import { findAgent } from '#app/host-agent.ts';
import { findYard } from '#drivers/yard/yard.ts';
import { ApiClient } from './api-client.ts';
import { stateDirOf } from './common.ts';
import { howToUse } from './how-to-use.ts';
import { uplinkLines, uplinkStatus, type UplinkStatus } from './status-networks.ts';
import { print } from './terminal.ts';
import type { VerbArgs } from './verbs.ts';

/** The shape of `status --json`. */
export type CloudStatus = {
  /** `degraded`: control is not there, but parts of the cloud still run. */
  readonly state: 'up' | 'down' | 'degraded';
  readonly state_dir: string;
  readonly url: string | null;
  readonly control_pid: number | null;
  readonly agent_pid: number | null;
  readonly hypervisor: string | null;
  readonly dataplane: string | null;
  readonly started_at: string | null;
  /** Servers by their status, such as `{"ACTIVE": 3}`; null when control is not up. */
  readonly servers: Readonly<Record<string, number>> | null;
  /** Null when control is not up. */
  readonly external: UplinkStatus | null;
};

/** Exit code 0 when the cloud is up, 3 when it is not (as service managers have it). */
export async function status(args: VerbArgs): Promise<number> {
  const stateDir = stateDirOf(args);
  const seen = await lookAt(stateDir);
  if (args.values['json'] === true) {
    print(JSON.stringify(seen, null, 2));
  } else {
    print(`The cloud of '${stateDir}' is ${seen.state}.`);
    if (seen.state === 'degraded') {
      print(
        "Its guests may still run. 'stackyard up' takes them over; 'stackyard down' ends them.",
      );
    }
    if (seen.url !== null) {
      const counts = Object.entries(seen.servers ?? {}).map(([name, count]) => `${count} ${name}`);
      print(`Servers: ${counts.length > 0 ? counts.join(', ') : 'none'}`);
      for (const line of seen.external ? uplinkLines(seen.external, stateDir) : []) print(line);
      print(howToUse(stateDir, seen.url));
    }
  }
  return seen.state === 'up' ? 0 : 3;
}

async function lookAt(stateDir: string): Promise<CloudStatus> {
  const control = findControl(stateDir);
  const yard = findYard(stateDir);
  const agent = yard ? findAgent(stateDir) : undefined;
  const api = control ? await ApiClient.open(stateDir) : null;
  return {
    state: control ? 'up' : yard ? 'degraded' : 'down',
    state_dir: stateDir,
    url: control?.url ?? null,
    control_pid: control?.process.pid ?? null,
    agent_pid: agent?.pid ?? null,
    hypervisor: control?.hypervisor ?? null,
    dataplane: control?.dataplane ?? null,
    started_at: control?.startedAt ?? null,
    servers: api && (await countServers(api)),
    external: api && (await uplinkStatus(api, stateDir)),
  };
}

async function countServers(api: ApiClient): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let path = '/compute/v2.1/servers/detail?all_tenants=1&limit=1000';
  while (path !== '') {
    const page = (await api.get(path)) as {
      servers: { status: string }[];
      servers_links?: { rel: string; href: string }[];
    };
    for (const server of page.servers) counts[server.status] = (counts[server.status] ?? 0) + 1;
    const next = page.servers_links?.find(({ rel }) => rel === 'next');
    path = next ? next.href.replace(/^https?:\/\/[^/]+/, '') : '';
  }
  return counts;
}
