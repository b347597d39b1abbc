/** Letters at random, for names and passwords. */
import { randomBytes } from 'node:crypto';

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** Without those that people mistake for each other. */
const PASSWORD = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';

export function randomText(length: number, letters = LOWER): string {
  return [...randomBytes(length)].map((byte) => letters[byte % letters.length]).join('');
}

/** compat: of the length that Nova's have. */
export const randomPassword = (): string => randomText(12, PASSWORD);
