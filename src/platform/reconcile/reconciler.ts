/**
 * A reconciler makes what is match what should be.
 *
 * `run` takes no hint of what changed, on purpose: after a crash nobody remembers the hint, so
 * the path with a hint would be tried daily and the path without it only in disasters.
 */
export interface Reconciler {
  readonly name: string;
  /** Also runs this often, with nobody asking. */
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<Tally>;
}

/** What one run saw and did. Kept as the reconciler's status. */
export type Tally = {
  readonly seen: number;
  readonly changed: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
};
