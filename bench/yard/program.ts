/** The process that measures inside a yard: `node program.ts NAME STATE_DIR`. */
import type { YardLine } from '../support/in-yard.ts';
import type { Row } from '../support/row.ts';
import { firewallChanges } from './firewall-changes.ts';
import { metadata } from './metadata.ts';
import { natThroughput } from './nat-throughput.ts';
import { portThroughput } from './port-throughput.ts';
import { storms } from './storms.ts';
import type { YardMeasure } from './yard-measure.ts';

const MEASURES: Readonly<Record<string, YardMeasure>> = {
  'firewall-changes': firewallChanges,
  metadata,
  'nat-throughput': natThroughput,
  'port-throughput': portThroughput,
  storms,
};

const [name = '', stateDir = ''] = process.argv.slice(2);
const measure = MEASURES[name];
if (measure === undefined) throw new Error(`Nothing called '${name}' is measured inside a yard.`);
const say = (line: YardLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);
const world = { stateDir, guestUid: null, signal: AbortSignal.timeout(600_000) };
const rows: readonly Row[] = await measure(world, (line) => say({ tell: line }));
say({ rows });
