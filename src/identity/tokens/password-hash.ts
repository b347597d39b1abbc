/** Passwords at rest: scrypt, with its parameters beside each hash, so that they can be raised later. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { tooBusy } from '../identity.faults.ts';

const scryptAsync = promisify(
  (
    password: string,
    salt: Buffer,
    length: number,
    options: { N: number; r: number; p: number; maxmem: number },
    done: (error: Error | null, key: Buffer) => void,
  ) => scrypt(password, salt, length, options, done),
);

/** 16 MiB and about 30 ms for each hash. */
const LOG_N = 14;
const BLOCK = 8;
const KEY_BYTES = 32;

/** Each hash holds a thread of the pool that files are read with, so few run at once and not too many wait. */
const AT_ONCE = 2;
const WAITING_AT_MOST = 200;

/** Makes and checks hashes such as `$scrypt$ln=14,r=8,p=1$<salt>$<key>`. */
export class PasswordHasher {
  readonly #logN: number;
  /** What is checked when there is no such user, so that the answer takes as long. */
  readonly #decoy: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** A lower `logN` is for tests only. */
  constructor(logN: number = LOG_N) {
    this.#logN = logN;
    this.#decoy = format(logN, randomBytes(16), randomBytes(KEY_BYTES));
  }

  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    return format(this.#logN, salt, await this.#derive(password, salt, this.#logN));
  }

  /** False, and just as slow, when there is no hash to check against. */
  async matches(password: string, stored: string | null): Promise<boolean> {
    const { logN, salt, key } = parse(stored ?? this.#decoy);
    const derived = await this.#derive(password, salt, logN);
    return timingSafeEqual(derived, key) && stored !== null;
  }

  async #derive(password: string, salt: Buffer, logN: number): Promise<Buffer> {
    await this.#enter();
    try {
      const options = { N: 2 ** logN, r: BLOCK, p: 1, maxmem: 256 * BLOCK * 2 ** logN };
      return await scryptAsync(password, salt, KEY_BYTES, options);
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < AT_ONCE) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= WAITING_AT_MOST) throw tooBusy();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes to the next in line without being free in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}

function format(logN: number, salt: Buffer, key: Buffer): string {
  return `$scrypt$ln=${logN},r=${BLOCK},p=1$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

function parse(stored: string): { logN: number; salt: Buffer; key: Buffer } {
  const parts = /^\$scrypt\$ln=(\d{1,2}),r=8,p=1\$([\w-]+)\$([\w-]+)$/.exec(stored);
  if (!parts) throw new Error('a stored password hash has a form that this version does not know');
  const [, logN = '', salt = '', key = ''] = parts;
  return {
    logN: Number(logN),
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  };
}
