/** Reads what the operator tells every server: Nova's static vendor data. */
import { readFileSync } from 'node:fs';
import type { Json } from '#base/json.ts';
import { Fault } from '#platform/fault.ts';

/** Any JSON, as cloud-init takes it. A file that is not there says nothing: `{}`. */
export function readVendorData(path: string): Json {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw unreadable(path, 'it cannot be read', cause);
  }
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw unreadable(path, 'it is no JSON', cause);
  }
}

function unreadable(path: string, why: string, cause: unknown): Fault {
  return new Fault(
    'invalid',
    'InvalidVendorData',
    `'${path}' is what every server is to be told, but ${why}. Put it right and start again.`,
    { cause },
  );
}
