/** The checks of the metadata service, by the name of the suite that they run in. */
import type { Check } from '../dataplane/check.ts';
import type { DataplaneWorld } from '../dataplane/world.ts';
import { frameAttackChecks } from './frame-attack-checks.ts';
import { guestAttackChecks } from './guest-attack-checks.ts';
import { servingChecks } from './serving-checks.ts';

export const SUITES: Readonly<Record<string, readonly Check<DataplaneWorld>[]>> = {
  serving: servingChecks,
  attacks: [...frameAttackChecks, ...guestAttackChecks],
};
