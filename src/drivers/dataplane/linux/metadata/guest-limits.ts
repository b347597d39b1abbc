/** How much one port may ask, so that no guest keeps the agent, or control, from others. Pure but for the time. */

/** A guest that boots reads some dozens of files. */
const AT_ONCE_MOST = 300;
const PER_SECOND = 50;
/** Questions of one port that are being answered. */
const BUSY_MOST = 8;

type Use = { credit: number; at: number; busy: number };

export class GuestLimits {
  readonly #now: () => number;
  readonly #uses = new Map<number, Use>();

  /** `now` is in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** False when the port has asked enough for now; else `done` is to be called when it is answered. */
  begin(number: number): boolean {
    const at = this.#now();
    const use = this.#uses.get(number) ?? { credit: AT_ONCE_MOST, at, busy: 0 };
    this.#uses.set(number, use);
    use.credit = Math.min(AT_ONCE_MOST, use.credit + ((at - use.at) * PER_SECOND) / 1000);
    use.at = at;
    if (use.credit < 1 || use.busy >= BUSY_MOST) return false;
    use.credit -= 1;
    use.busy += 1;
    return true;
  }

  done(number: number): void {
    const use = this.#uses.get(number);
    if (use !== undefined) use.busy -= 1;
  }

  forget(number: number): void {
    this.#uses.delete(number);
  }
}
