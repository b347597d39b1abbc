/** What is measured inside a yard, and what it has at hand there. */
import type { DataplaneWorld } from '../../test/dataplane/world.ts';
import type { Row } from '../support/row.ts';

export type YardMeasure = (
  world: DataplaneWorld,
  tell: (line: string) => void,
) => Promise<readonly Row[]>;
