/** What a cloud holds for its servers: in its rows, in its files and on its host. All of it must go with them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '#drivers/processes.ts';
import { listResidents } from '#drivers/yard/residents.ts';
import { openDatabase } from '#platform/db/database.ts';
import type { RealCloud } from './real-cloud.ts';

type Named = Readonly<Record<string, readonly string[]>>;

export const NO_ROWS: Named = {
  ports: [],
  interfaces: [],
  allocations: [],
  holds: [],
  sagas: [],
};

/** Ids by what they are held as. Control must be down: it shares its database with nobody. */
export async function rowsOf(cloud: RealCloud): Promise<Named> {
  const db = await openDatabase(join(cloud.stateDir, 'stackyard.db'));
  try {
    const live = ['running', 'unwinding', 'stuck'] as const;
    const ports = await db.selectFrom('ports').selectAll().execute();
    const interfaces = await db.selectFrom('interfaces').selectAll().execute();
    const allocations = await db.selectFrom('allocations').selectAll().execute();
    const holds = await db.selectFrom('image_holds').selectAll().execute();
    const sagas = await db.selectFrom('sagas').selectAll().where('state', 'in', live).execute();
    return {
      ports: ports.filter((row) => row.device_owner.startsWith('compute:')).map(({ id }) => id),
      interfaces: interfaces.map((row) => row.port_id),
      allocations: allocations.map((row) => JSON.stringify(row)),
      holds: holds.map((row) => row.holder_id),
      sagas: sagas.map(({ name, state }) => `${name} ${state}`),
    };
  } finally {
    await db.destroy();
  }
}

export const NOTHING_ON_HOST: Named = { guests: [], links: [], namespaces: [], processes: [] };

/** What is on the host for guests and networks. With a real data plane the cloud must have its yard. */
export async function onHost(cloud: RealCloud): Promise<Named> {
  const guests = ['servers', 'fake-guests']
    .map((name) => join(cloud.stateDir, name))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const residents = listResidents(cloud.stateDir);
  if (residents.length === 0) return { ...NOTHING_ON_HOST, guests };
  const links = JSON.parse(await cloud.inYard('ip', '-json', 'link')) as { ifname: string }[];
  const namespaces = await cloud.inYard('ip', 'netns', 'list');
  return {
    guests,
    links: links.map(({ ifname }) => ifname).filter((name) => name !== 'lo'),
    namespaces: namespaces.split('\n').filter((line) => line !== ''),
    processes: residents
      .filter(({ keeper }) => !keeper)
      .map(({ pid }) => commandLine(pid).slice(0, 2).join(' '))
      // Commands of the agent that watch links, and this check's own, come and go with it.
      .filter((line) => /qemu|dnsmasq/.test(line)),
  };
}
