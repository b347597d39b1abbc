/** What passes between two ports of one network, and how fast, beside a bridge with no firewall. */
import { median } from '../support/clock.ts';
import type { Row } from '../support/row.ts';
import { megabits } from '../../test/storm/guests.ts';
import { Paths, roundTrips, type Path } from './paths.ts';
import type { YardMeasure } from './yard-measure.ts';

const ROUNDS = 7;
const MANY_RULES = 1000;
const ROUND_TRIPS = 400;

type Measured = { readonly megabits: number; readonly roundTrip: number };

export const portThroughput: YardMeasure = async (world, tell) => {
  await using paths = new Paths(world);
  const all = {
    bare: await paths.bare(),
    groups: await paths.guarded(),
    rules: await paths.guarded(MANY_RULES),
  };
  const seen: Record<keyof typeof all, Measured[]> = { bare: [], groups: [], rules: [] };
  // By turns, so that whatever else the machine does hits all of them; the first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    tell(`round ${round} of ${ROUNDS}`);
    for (const [name, path] of Object.entries(all)) {
      const measured = await measure(path);
      if (round > 0) seen[name as keyof typeof all].push(measured);
    }
  }
  return [
    ...rowsOf('with security groups', seen.groups, seen.bare),
    ...rowsOf(`with ${MANY_RULES} rules`, seen.rules, seen.bare),
  ];
};

async function measure(path: Path): Promise<Measured> {
  const passed = await megabits(path.client, path.server);
  return { megabits: passed, roundTrip: median(await roundTrips(path, ROUND_TRIPS)) };
}

function rowsOf(how: string, ours: readonly Measured[], bare: readonly Measured[]): Row[] {
  const ratio = (what: keyof Measured) =>
    median(ours.map((one, round) => one[what] / (bare[round]?.[what] ?? 0)));
  const of = (some: readonly Measured[], what: keyof Measured) =>
    median(some.map((one) => one[what]));
  const what = 'a bare bridge';
  return [
    {
      what: `between two ports ${how} / ${what}`,
      value: ratio('megabits'),
      unit: 'x',
      target: { atLeast: 0.85 },
      floor: null,
    },
    {
      what: '  as it is',
      value: of(ours, 'megabits'),
      unit: 'Mbit/s',
      target: null,
      floor: { what, value: of(bare, 'megabits') },
    },
    {
      what: '  there and back (UDP, from one process to another)',
      value: of(ours, 'roundTrip'),
      unit: 'ms',
      target: null,
      floor: { what, value: of(bare, 'roundTrip') },
    },
  ];
}
