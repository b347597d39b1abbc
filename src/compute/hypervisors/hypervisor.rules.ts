/** How much of a host is used, in the words of the hypervisor API. Pure. */
import type { HostFacts } from '#base/host/document.ts';
import type { ProviderUsage } from '#placement/placement-api.ts';

export type HostedServer = {
  readonly id: string;
  readonly number: number;
  readonly host: string;
  readonly task_state: string | null;
};

/** Named as on the wire. */
export type HypervisorUsage = {
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly local_gb: number;
  readonly vcpus_used: number;
  readonly memory_mb_used: number;
  readonly local_gb_used: number;
  readonly free_ram_mb: number;
  readonly free_disk_gb: number;
  readonly current_workload: number;
  readonly running_vms: number;
  readonly disk_available_least: number;
};

export function usageOf(
  facts: HostFacts,
  provider: ProviderUsage | undefined,
  servers: readonly HostedServer[],
): HypervisorUsage {
  // compat: what is reserved for the host itself counts as used.
  const used = (name: string) =>
    (provider?.used[name] ?? 0) + (provider?.inventories[name]?.reserved ?? 0);
  const [vcpus, memory, disk] = [used('VCPU'), used('MEMORY_MB'), used('DISK_GB')];
  return {
    vcpus: facts.vcpus,
    memory_mb: facts.memoryMib,
    local_gb: facts.diskGib,
    vcpus_used: vcpus,
    memory_mb_used: memory,
    local_gb_used: disk,
    free_ram_mb: facts.memoryMib - memory,
    free_disk_gb: facts.diskGib - disk,
    current_workload: servers.filter(({ task_state }) => task_state !== null).length,
    running_vms: servers.length,
    disk_available_least: facts.diskGib - disk,
  };
}

/** All hosts together. */
export function sumUsages(
  usages: readonly HypervisorUsage[],
): HypervisorUsage & { readonly count: number } {
  const sum = (name: keyof HypervisorUsage) =>
    usages.reduce((total, usage) => total + usage[name], 0);
  return {
    count: usages.length,
    vcpus: sum('vcpus'),
    memory_mb: sum('memory_mb'),
    local_gb: sum('local_gb'),
    vcpus_used: sum('vcpus_used'),
    memory_mb_used: sum('memory_mb_used'),
    local_gb_used: sum('local_gb_used'),
    free_ram_mb: sum('free_ram_mb'),
    free_disk_gb: sum('free_disk_gb'),
    current_workload: sum('current_workload'),
    running_vms: sum('running_vms'),
    disk_available_least: sum('disk_available_least'),
  };
}

/** What libvirt would say of the processor that guests see. */
export function cpuInfoOf({ cpuModel, vcpus }: HostFacts) {
  return {
    // The only machine type that is built is QEMU's q35.
    arch: 'x86_64',
    model: cpuModel,
    vendor: '',
    features: [],
    topology: { cells: 1, sockets: 1, cores: vcpus, threads: 1 },
  };
}

/** What `uptime` prints of a machine: the client takes it apart. Nobody is counted as logged in. */
export function uptimeText(now: Date, seconds: number, loads: readonly number[]): string {
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  const up = [
    ...(days === 0 ? [] : [days === 1 ? '1 day' : `${days} days`]),
    `${hours}:${String(minutes % 60).padStart(2, '0')}`,
  ];
  const load = loads.map((one) => one.toFixed(2)).join(', ');
  const time = now.toISOString().slice(11, 19);
  return ` ${time} up ${up.join(', ')},  0 users,  load average: ${load}`;
}
