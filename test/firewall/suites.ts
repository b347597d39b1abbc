/** The firewall's checks, by the name of the suite that they run in. */
import type { Check } from '../dataplane/check.ts';
import type { DataplaneWorld } from '../dataplane/world.ts';
import { attackChecks } from './attack-checks.ts';
import { doorChecks } from './door-checks.ts';
import { flowChecks } from './flow-checks.ts';
import { gapChecks } from './gap-checks.ts';
import { plugChecks } from './plug-checks.ts';
import { propertyChecks } from './property-checks.ts';
import { tableChecks } from './table-checks.ts';

export const SUITES: Readonly<Record<string, readonly Check<DataplaneWorld>[]>> = {
  table: tableChecks,
  flows: [...flowChecks, ...doorChecks, ...attackChecks],
  gaps: [...gapChecks, ...plugChecks],
  property: propertyChecks,
};
