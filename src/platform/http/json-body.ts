/** Bodies that are JSON, taken within bounds of size, time and depth. */
import type { IncomingMessage } from 'node:http';
import { Fault } from '../fault.ts';
import type { Dialect } from './fault-bodies.ts';
import { isTooDeep } from './json-depth.ts';

/** A JSON body may be this large; image uploads are streams and have a quota of their own. */
export const BODY_LIMIT = 1 << 20;
/** A JSON body must have come whole after this long. */
export const BODY_TIME_MS = 30_000;

/** Reads a whole JSON body, within its bounds. An empty one is `null`. */
export async function readJson(
  payload: IncomingMessage,
  dialect: Dialect,
  patience: number = BODY_TIME_MS,
): Promise<unknown> {
  const bytes = await readAll(payload, patience);
  if (bytes.length === 0) return null;
  if (isTooDeep(bytes)) throw new Fault('invalid', 'MalformedRequestBody', dialect.malformedBody);
  try {
    // `__proto__` in a body stays an ordinary member name here, since JSON.parse defines it as one.
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new Fault('invalid', 'MalformedRequestBody', dialect.malformedBody, { cause });
  }
}

/** Leaves the stream alive when it refuses: the answer has to go out on the same connection. */
async function readAll(payload: IncomingMessage, patience: number): Promise<Buffer> {
  if (Number(payload.headers?.['content-length'] ?? 0) > BODY_LIMIT) throw tooLarge();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_LIMIT) reject(tooLarge());
    else chunks.push(chunk);
  };
  const end = () => resolve(Buffer.concat(chunks));
  // Whoever hangs up in the middle gets no answer, but must be waited for no longer.
  const gone = () =>
    reject(
      new Fault('invalid', 'ClientGone', 'The client went away before its request was whole.'),
    );
  const timer = setTimeout(() => {
    reject(new Fault('invalid', 'RequestTimeout', 'The request body did not arrive in time.'));
  }, patience);
  payload.on('data', take).once('end', end).once('error', gone).once('close', gone);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    payload.off('data', take).off('end', end).off('error', gone).off('close', gone);
    // What an `error` says after this is of no interest, and must not end the process.
    payload.on('error', () => undefined);
  }
}

function tooLarge(): Fault {
  return new Fault('too-large', 'RequestTooLarge', 'Request is too large.');
}
