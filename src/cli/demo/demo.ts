/** `stackyard demo`: the two specifications acted out with real guests and the stock clients. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStateDir } from '#platform/config.ts';
import { textOf } from '../common.ts';
import { down } from '../down.ts';
import { commandFor, howToUse } from '../how-to-use.ts';
import { findControl } from '#app/control-record.ts';
import { note, print } from '../terminal.ts';
import { up } from '../up.ts';
import type { VerbArgs } from '../verbs.ts';
import { Clients } from './clients.ts';
import { Report } from './report.ts';
import { severalInterfaces } from './scenario-interfaces.ts';
import { nothingLeft, refusals } from './scenario-refusals.ts';
import { unaddressedPorts } from './scenario-unaddressed.ts';

/** Exit code 0 when everything passed. With `--keep` the cloud stays up, with the servers of the last scenario. */
export async function demo(args: VerbArgs): Promise<number> {
  const keep = args.values['keep'] === true;
  const stateDir = parseStateDir(
    textOf(args, 'state-dir') ?? mkdtempSync(join(tmpdir(), 'stackyard-demo-')),
  );
  const cloud: VerbArgs = { values: { 'state-dir': stateDir }, positionals: [], rest: [] };
  print(`A cloud of its own for the demo, in ${stateDir}:`);
  const code = await up({
    ...cloud,
    values: { ...cloud.values, listen: '127.0.0.1:0', detach: true },
  });
  if (code !== 0) return code;
  const report = new Report();
  try {
    const clients = new Clients(stateDir);
    await severalInterfaces(clients, report);
    await removeServers(clients);
    await unaddressedPorts(clients, report);
    await refusals(clients, report);
    if (!keep) await nothingLeft(clients, report);
    report.print();
  } finally {
    const control = findControl(stateDir);
    if (keep && control) {
      print('\nThe cloud of the demo stays up.');
      print(howToUse(stateDir, control.url));
      print(`  ${commandFor('down', stateDir)} --purge   # when you have seen enough`);
    } else if (report.passed) {
      await down({ ...cloud, values: { ...cloud.values, purge: true } });
    } else {
      await down(cloud);
      note(`What the cloud has written down is in ${stateDir}/log.`);
    }
  }
  return report.passed ? 0 : 1;
}

/** Emulated guests are slow company for one another. */
async function removeServers(clients: Clients): Promise<void> {
  const servers = await clients.json<{ ID: string }[]>('server', 'list');
  if (servers.length === 0) return;
  await clients.openstack('server', 'delete', '--wait', ...servers.map(({ ID }) => ID));
}
