/** Chooses the number by which a network is told apart from others, and holds it in the network's own row. */
import type { Db } from '#platform/db/tables.ts';
import {
  flatNetworkInUse,
  noNetworkAvailable,
  tunnelIdInUse,
  vlanIdInUse,
} from '../network.faults.ts';
import { segmentRange, type Segment } from './network.rules.ts';
import { hasFlatNetwork, takenSegments } from './network.store.ts';

/** How many numbers are looked at together. */
const TRIES = 32;

/** The number for a planned segment; null when its type has none. Refuses one that a network has already. */
export async function chooseSegmentId(
  db: Db,
  { type, physicalNetwork, id }: Segment,
  random: (below: bigint) => bigint,
): Promise<number | null> {
  if (type === 'flat' && physicalNetwork !== null && (await hasFlatNetwork(db, physicalNetwork))) {
    throw flatNetworkInUse(physicalNetwork);
  }
  if (id === null) return null;
  if (id !== 'any') {
    const taken = await takenSegments(db, type, physicalNetwork, [id]);
    if (!taken.has(id)) return id;
    throw physicalNetwork === null ? tunnelIdInUse(id) : vlanIdInUse(id, physicalNetwork);
  }
  return await freeSegmentId(db, { type, physicalNetwork }, random);
}

/** From a number at random onwards, round to where it began: few looks while few are taken, and all when many are. */
async function freeSegmentId(
  db: Db,
  { type, physicalNetwork }: Pick<Segment, 'type' | 'physicalNetwork'>,
  random: (below: bigint) => bigint,
): Promise<number> {
  const { first, last } = segmentRange(type);
  const count = last - first + 1;
  const start = Number(random(BigInt(count)));
  for (let done = 0; done < count; done += TRIES) {
    const numbers = Array.from(
      { length: Math.min(TRIES, count - done) },
      (_, index) => first + ((start + done + index) % count),
    );
    const taken = await takenSegments(db, type, physicalNetwork, numbers);
    const free = numbers.find((number) => !taken.has(number));
    if (free !== undefined) return free;
  }
  throw noNetworkAvailable();
}
