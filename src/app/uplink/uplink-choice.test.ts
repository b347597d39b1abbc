/** What a start asks for and what earlier ones have asked for, row by row. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_HOST_LINK, NO_WISHES, type UplinkWishes } from '#platform/uplink-config.ts';
import { choiceOf, rememberedWishes, type PastWishes, type UplinkChoice } from './uplink-choice.ts';

const NOTHING: PastWishes = { hostLink: null, outbound: null };
const OWN = { name: 'own0', address: '10.9.9.1/30' };
const asked = (wishes: Partial<UplinkWishes>): UplinkWishes => ({ ...NO_WISHES, ...wishes });
const PUBLIC = { publicCidrs: ['172.24.4.0/24'] };

const cases: readonly {
  readonly name: string;
  readonly past?: PastWishes;
  readonly now: UplinkWishes;
  readonly root?: boolean;
  readonly expected: UplinkChoice;
}[] = [
  {
    name: 'nothing asked for is nothing done',
    now: NO_WISHES,
    expected: { hostLink: null, outbound: false },
  },
  {
    name: 'root that asks for a public network has a link to it, and no way out',
    now: asked(PUBLIC),
    expected: { hostLink: DEFAULT_HOST_LINK, outbound: false },
  },
  {
    name: 'others have no link',
    now: asked(PUBLIC),
    root: false,
    expected: { hostLink: null, outbound: false },
  },
  {
    name: 'the way out of root leads by the link',
    now: asked({ outbound: true }),
    expected: { hostLink: DEFAULT_HOST_LINK, outbound: true },
  },
  {
    name: 'who wants no link gets none',
    now: asked({ ...PUBLIC, hostLink: 'none' }),
    expected: { hostLink: null, outbound: false },
  },
  {
    name: 'no link stays no link',
    past: { hostLink: 'none', outbound: null },
    now: asked(PUBLIC),
    expected: { hostLink: null, outbound: false },
  },
  {
    name: 'a later start that says nothing has what was asked for before',
    past: { hostLink: OWN, outbound: true },
    now: NO_WISHES,
    expected: { hostLink: OWN, outbound: true },
  },
  {
    name: 'a later start may take back',
    past: { hostLink: OWN, outbound: true },
    now: asked({ outbound: false, hostLink: DEFAULT_HOST_LINK }),
    expected: { hostLink: DEFAULT_HOST_LINK, outbound: false },
  },
];

for (const { name, past = NOTHING, now, root = true, expected } of cases) {
  test(name, () => {
    assert.deepEqual(choiceOf(rememberedWishes(past, now, root)), expected);
  });
}
