/** Checks passwords, and remembers for this process which were right, so that the slow hash runs once. */
import { createHmac, randomBytes } from 'node:crypto';
import type { PasswordHasher } from './password-hash.ts';

/** Credentials to remember at most. */
const REMEMBERED = 10_000;

export class PasswordCheck {
  readonly #hasher: PasswordHasher;
  /** What is remembered is of no use to who reads this memory, or a dump of it, without this. */
  readonly #key = randomBytes(32);
  readonly #right = new Set<string>();
  /** Checks under way: a client that opens fifty connections at once costs one hash. */
  readonly #running = new Map<string, Promise<boolean>>();

  constructor(hasher: PasswordHasher) {
    this.#hasher = hasher;
  }

  /** `stored` is null when there is no such user, or one without a password. */
  async matches(userId: string, password: string, stored: string | null): Promise<boolean> {
    // The stored hash is part of the name: a changed password is never found under the old one.
    const name = createHmac('sha256', this.#key)
      .update(JSON.stringify([userId, stored, password]))
      .digest('base64');
    if (this.#right.has(name)) return true;
    const running = this.#running.get(name) ?? this.#hasher.matches(password, stored);
    this.#running.set(name, running);
    try {
      const right = await running;
      if (right) this.#remember(name);
      return right;
    } finally {
      this.#running.delete(name);
    }
  }

  #remember(name: string): void {
    if (this.#right.size >= REMEMBERED) {
      const [oldest] = this.#right;
      if (oldest !== undefined) this.#right.delete(oldest);
    }
    this.#right.add(name);
  }
}
