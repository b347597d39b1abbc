/** What others on a network lose while one server loops, floods or lies, with storm control and without. */
import { DEFAULT_STORM_CONTROL, type StormControl } from '#base/host/firewall.ts';
import type { DataplaneWorld } from '../../test/dataplane/world.ts';
import { flap } from '../../test/storm/flap.ts';
import { Lan, NO_LIMITS, type Health } from '../../test/storm/lan.ts';
import { bridgeCards } from '../../test/storm/loop.ts';
import type { Row } from '../support/row.ts';
import type { YardMeasure } from './yard-measure.ts';

/** Long enough to measure others in the meantime. */
const HARM_MS = 3_500;
/** How long broadcasts are sent into a loop; they go round by themselves then. */
const SHOUT_MS = 300;

type Harm = {
  readonly what: string;
  readonly cards: number;
  /** Does harm until the scope ends. */
  readonly begin: (lan: Lan) => Promise<AsyncDisposable>;
};

const LOOP: Harm = {
  what: 'a loop through a guest',
  cards: 2,
  begin: async (lan) => {
    const loop = await bridgeCards(lan.guest('harmful'));
    await lan.shout(SHOUT_MS);
    return loop;
  },
};
const FLOOD: Harm = {
  what: 'a broadcast flood at full speed',
  cards: 1,
  begin: async (lan) => lasting(lan.shout(HARM_MS)),
};
const FLAP: Harm = {
  what: "a guest that claims another's MAC by turns",
  cards: 1,
  begin: async (lan) => {
    const [victim, third] = [lan.guest('server'), lan.guest('client')];
    return lasting(flap(lan.guest('harmful'), { victim, third, milliseconds: HARM_MS }));
  },
};
const QUARANTINE: StormControl = { ...DEFAULT_STORM_CONTROL, loopAction: 'quarantine' };

const CASES: readonly (readonly [Harm, string, StormControl])[] = [
  [LOOP, 'storm control off', NO_LIMITS],
  [LOOP, 'storm control on', DEFAULT_STORM_CONTROL],
  [LOOP, 'quarantine', QUARANTINE],
  [FLOOD, 'storm control off', NO_LIMITS],
  [FLOOD, 'storm control on', DEFAULT_STORM_CONTROL],
  [FLAP, 'storm control off', NO_LIMITS],
  [FLAP, 'storm control on', DEFAULT_STORM_CONTROL],
];

export const storms: YardMeasure = async (world, tell) => {
  const rows: Row[] = [];
  for (const [harm, how, storm] of CASES) {
    tell(`${harm.what}, ${how}`);
    const { before, during, after, heard } = await measure(world, harm, storm);
    const row = { target: null, floor: null };
    rows.push(
      {
        what: `${harm.what}, ${how}: others lose`,
        value: percent(during),
        unit: '%',
        target: storm === NO_LIMITS ? null : { atMost: 1 },
        floor: { what: 'before it', value: percent(before) },
      },
      { ...row, what: '  after it', value: percent(after), unit: '%' },
      {
        ...row,
        what: '  and their throughput, during it / before it',
        value: during.megabits / before.megabits,
        unit: 'x',
      },
      {
        ...row,
        what: '  broadcasts and more that every other port gets',
        value: heard,
        unit: '/s',
      },
    );
  }
  return rows;
};

const percent = ({ loss }: Health) => loss * 100;

async function measure(world: DataplaneWorld, harm: Harm, storm: StormControl) {
  const harmful = harm === FLOOD ? 'strict' : 'transparent';
  await using lan = await Lan.make(world, { storm, harmful, harmfulCards: harm.cards });
  const before = await lan.health();
  // Nobody sends it anything: what it gets is what everybody gets.
  const listener = lan.guest(harm === FLOOD ? 'harmful' : 'shouter').cards[0]?.port;
  if (listener === undefined) throw new Error('nobody listens');
  const framesOf = async () => (await lan.countersOf(listener)).txPackets;
  let during: Health;
  let heard: number;
  {
    const [frames, began] = [await framesOf(), performance.now()];
    await using _harm = await harm.begin(lan);
    during = await lan.health();
    heard = (await framesOf()) - frames;
    heard /= (performance.now() - began) / 1000;
  }
  return { before, during, after: await lan.health(), heard };
}

function lasting(harm: Promise<unknown>): AsyncDisposable {
  return { [Symbol.asyncDispose]: async () => void (await harm) };
}
