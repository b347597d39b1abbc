/** Answers to guests that anybody on the way can give. Pure. */
import type { HttpAnswer } from './metadata.ts';

const COME_AGAIN_SECONDS = 2;

/** A page of one sentence. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const body = Buffer.from(`${text}\n`);
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=UTF-8',
      'content-length': String(body.length),
      ...headers,
    },
    body: body.toString('base64'),
  };
}

/** Nothing is known to be broken: whoever asks again gets an answer. */
export function comeAgain(text: string): HttpAnswer {
  return plainAnswer(503, text, { 'retry-after': String(COME_AGAIN_SECONDS) });
}
