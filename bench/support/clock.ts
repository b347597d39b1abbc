/** Taking times, and saying one number of many. */

/** How long something took, in milliseconds, and what it returned. */
export async function timed<T>(act: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now();
  const result = await act();
  return { ms: performance.now() - start, result };
}

/** The times of so many runs, one after another. */
export async function times(count: number, act: (index: number) => Promise<unknown>) {
  const all: number[] = [];
  for (let index = 0; index < count; index++)
    all.push((await timed(async () => await act(index))).ms);
  return all;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 0 ? (low + high) / 2 : high;
}
