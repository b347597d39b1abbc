/** Attributes and options, known and unknown: Keystone keeps whatever it is sent and shows it again. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { invalid } from './identity.faults.ts';

/** As many bytes as Keystone's own column takes. */
const EXTRA_BYTES = 65_535;

/** What is in `body` beside the attributes that the resource knows. */
export function extraOf(body: object, known: readonly string[]): JsonObject {
  const names = new Set([...known, 'id', 'links', 'options', 'extra']);
  const extra = Object.fromEntries<JsonObject[string]>(
    Object.entries(body).filter(([name]) => !names.has(name)),
  );
  if (JSON.stringify(extra).length > EXTRA_BYTES) {
    throw invalid(`The additional attributes are longer than ${EXTRA_BYTES} bytes.`);
  }
  return extra;
}

/** The stored object with a change laid over it; a member that is changed to null is gone. */
export function merged(stored: string, change: JsonObject | undefined): JsonObject {
  const all = { ...readObject(stored), ...change };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

/** Like `merged`, but null is a value like others: so Keystone keeps additional attributes. */
export function overlaid(stored: string, change: JsonObject): JsonObject {
  const all = { ...readObject(stored), ...change };
  if (JSON.stringify(all).length > EXTRA_BYTES) {
    throw invalid(`The additional attributes are longer than ${EXTRA_BYTES} bytes.`);
  }
  return all;
}

/** A stored JSON object. */
export function readObject(stored: string): JsonObject {
  const value = JSON.parse(stored) as unknown;
  return isJsonObject(value) ? value : {};
}

/** Whether the option `immutable` is set. */
export function isImmutable(options: string): boolean {
  return readObject(options)['immutable'] === true;
}

/** A changed id in the body is refused: the one in the path counts. */
export function checkSameId(body: { id?: unknown }, id: string): void {
  if (body.id !== undefined && body.id !== null && body.id !== id)
    throw invalid('Cannot change ID');
}
