/** The program's own figures for Prometheus, by the names that every client library gives them. */
import type { Metric } from '#platform/metrics.ts';

export function ownMetrics(): readonly Metric[] {
  const cpu = process.cpuUsage();
  const memory = process.memoryUsage();
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time that control has used, in seconds.',
      type: 'counter',
      samples: [{ labels: {}, value: (cpu.user + cpu.system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Memory that control holds.', memory.rss),
    gauge('nodejs_heap_size_used_bytes', 'Memory that its objects take.', memory.heapUsed),
    gauge(
      'process_start_time_seconds',
      'When control was started, in seconds since 1970.',
      Math.round(Date.now() / 1000 - process.uptime()),
    ),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: 'gauge', samples: [{ labels: {}, value }] };
}
