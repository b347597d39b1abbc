/** What may be the key of a blob: never anything that a file system could take for a path. */

/** What a file that is still being written is called after its key. */
export const UNFINISHED = '.part';

const KEY = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/;

/** Throws when the key is not one; keys are made by the program, so a wrong one is a bug. */
export function checkBlobKey(key: string): void {
  if (!KEY.test(key) || key.includes('..') || key.endsWith(UNFINISHED)) {
    throw new Error(`'${key.slice(0, 200)}' cannot be the key of a blob`);
  }
}
