/** What projects used within a time, from the servers that ran. Pure. */
import type { VmState } from '#platform/db/tables/compute.ts';
import { badRequest } from '../compute.faults.ts';
import type { FlavorSnapshot } from '../servers/server-row.ts';

export type UsedServer = {
  readonly id: string;
  readonly project_id: string;
  readonly name: string;
  readonly vm_state: VmState;
  /** JSON of `FlavorSnapshot`. */
  readonly flavor: string;
  readonly launched_at: string;
  readonly terminated_at: string | null;
};

export type UsagePeriod = { readonly start: Date; readonly stop: Date };

/** Named as on the wire; times are ISO text. */
export type ServerUsage = {
  readonly hours: number;
  readonly flavor: string;
  readonly instance_id: string;
  readonly name: string;
  readonly tenant_id: string;
  readonly memory_mb: number;
  readonly local_gb: number;
  readonly vcpus: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly state: string;
  readonly uptime: number;
};

export type TenantUsage = {
  readonly tenant_id: string;
  readonly servers: readonly ServerUsage[];
  readonly total_local_gb_usage: number;
  readonly total_vcpus_usage: number;
  readonly total_memory_mb_usage: number;
  readonly total_hours: number;
};

const HOUR = 3_600_000;
const FORMAT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?| \d{2}:\d{2}:\d{2}\.\d{1,6})$/;

/** Reads `start` and `end`; without one it is now. The future is cut off. */
export function parsePeriod(
  start: string | undefined,
  end: string | undefined,
  now: Date,
): UsagePeriod {
  const period = { start: timeOf(start, now), stop: timeOf(end, now) };
  if (period.start >= period.stop) {
    throw badRequest('Invalid start time. The start time cannot occur after the end time.');
  }
  return { ...period, stop: period.stop > now ? now : period.stop };
}

function timeOf(text: string | undefined, now: Date): Date {
  if (text === undefined || text === '') return now;
  const time = new Date(`${text.replace(' ', 'T')}Z`);
  if (FORMAT.test(text) && !Number.isNaN(time.getTime())) return time;
  throw badRequest('Invalid datetime string: Datetime is in invalid format');
}

export function usageOfServer(server: UsedServer, period: UsagePeriod, now: Date): ServerUsage {
  const flavor = JSON.parse(server.flavor) as FlavorSnapshot;
  const launched = Date.parse(server.launched_at);
  const ended = server.terminated_at === null ? null : Date.parse(server.terminated_at);
  const from = Math.max(launched, period.start.getTime());
  const to = Math.min(ended ?? Number.POSITIVE_INFINITY, period.stop.getTime());
  return {
    hours: Math.max(to - from, 0) / HOUR,
    flavor: flavor.name,
    instance_id: server.id,
    name: server.name,
    tenant_id: server.project_id,
    memory_mb: flavor.ram,
    local_gb: flavor.disk + flavor.ephemeral,
    vcpus: flavor.vcpus,
    started_at: server.launched_at,
    ended_at: server.terminated_at,
    state: ended === null ? server.vm_state : 'terminated',
    uptime: Math.floor(((ended ?? now.getTime()) - launched) / 1000),
  };
}

/** By project, in the order in which the servers come. */
export function sumByProject(servers: readonly ServerUsage[]): readonly TenantUsage[] {
  const projects = Map.groupBy(servers, ({ tenant_id }) => tenant_id);
  return [...projects].map(([tenant_id, own]) => {
    const sum = (amount: (server: ServerUsage) => number) =>
      own.reduce((total, server) => total + amount(server) * server.hours, 0);
    return {
      tenant_id,
      servers: own,
      total_local_gb_usage: sum(({ local_gb }) => local_gb),
      total_vcpus_usage: sum(({ vcpus }) => vcpus),
      total_memory_mb_usage: sum(({ memory_mb }) => memory_mb),
      total_hours: sum(() => 1),
    };
  });
}
