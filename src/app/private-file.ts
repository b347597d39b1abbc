/** Files that hold secrets: for their owner only, and never half written. */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';

/** Writes the file whole or not at all, also when the power goes. */
export function writePrivateFile(path: string, text: string): void {
  const unfinished = `${path}.tmp`;
  const file = openSync(unfinished, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
}
