/** What control and agent take while nothing is asked of them: their share of the machine's memory. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine } from '#drivers/processes.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { startBareServer } from '../support/bare-server.ts';
import { BenchCloud } from '../support/bench-cloud.ts';
import type { Measure } from '../support/row.ts';

/** As long as it takes until nothing is left of starting up. */
const SETTLE_MS = 4000;

export const idleMemory: Measure = async (tell) => {
  const real = existsSync('/usr/bin/qemu-system-x86_64');
  tell(real ? 'control and a real agent, without guests' : 'control with fakes: there is no QEMU');
  await using cloud = await BenchCloud.start(
    real ? { hypervisor: 'qemu', dataplane: 'linux' } : {},
  );
  await cloud.restart();
  const connection = await cloud.as('demo');
  await connection.ask('GET', '/compute/v2.1/servers/detail');
  await delay(SETTLE_MS);
  const residents = listResidents(cloud.real.stateDir).map(({ pid }) => pid);
  const agents = residents.filter((pid) =>
    commandLine(pid).some((word) => word.endsWith('agent/main.ts')),
  );
  const others = residents.filter((pid) => !agents.includes(pid));
  const sum = (pids: readonly number[]) => pids.reduce((all, pid) => all + pssMb(pid), 0);
  await using bare = await startBareServer();
  const floor = pssMb(bare.pid);
  return [
    {
      what: `idle memory, control + agent (PSS)${real ? '' : ', fakes in one process'}`,
      value: pssMb(cloud.controlPid) + sum(agents),
      unit: 'MB',
      target: { atMost: 150 },
      floor: { what: 'as many bare Fastify processes', value: floor * (1 + agents.length) },
    },
    {
      what: '  of that the agent',
      value: sum(agents),
      unit: 'MB',
      target: null,
      floor: { what: 'a bare Fastify process', value: floor },
    },
    {
      what: '  beside it, the yard (keeper, dnsmasq)',
      value: sum(others),
      unit: 'MB',
      target: null,
      floor: null,
    },
  ];
};

/** A process's own memory and its share of what it has in common with others, in MB. */
function pssMb(pid: number): number {
  const [, kb = '0'] =
    /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return (Number(kb) * 1024) / 1e6;
}
