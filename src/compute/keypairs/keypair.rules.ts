/** What makes a key pair valid. Pure. */
import { badRequest } from '../compute.faults.ts';

const SAFE = /^[_\- 0-9A-Za-z]+$/;
/** From 2.92 on, so that names can be mail addresses. */
const SAFE_WITH_AT = /^[_\- 0-9A-Za-z@.]+$/;

export function checkKeypairName(name: string, minor: number): void {
  const safe = minor >= 92 ? SAFE_WITH_AT : SAFE;
  if (safe.test(name) && name.trim() === name) return;
  const chars = minor >= 92 ? '@._- ' : '_- ';
  throw badRequest(
    "An invalid 'name' value was provided. The name must be: Only expected characters: " +
      `[${chars}0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]`,
  );
}
