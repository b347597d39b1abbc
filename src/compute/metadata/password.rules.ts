/** A server's password, which its guest tells once, encrypted for its owner. Pure. */
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import * as http from './http-answers.ts';

/** compat: Nova keeps it in four pieces of 255. */
const MOST = 4 * 255;

/** `store`: what is to be kept from now on; undefined to leave it as it is. */
export type PasswordTurn = { readonly answer: HttpAnswer; readonly store?: string };

/** `password`: what has been told so far, null for nothing. */
export function passwordTurn(
  { method, body }: Pick<MetadataQuestion, 'method' | 'body'>,
  password: string | null,
): PasswordTurn {
  const told = http.answerPassword(password ?? '');
  if (method === 'GET') return { answer: told };
  if (method === 'HEAD') return { answer: http.withoutBody(told) };
  // compat: 400, and not 405.
  if (method !== 'POST') return { answer: http.badRequest('GET and POST only are supported.') };
  if (password !== null && password !== '') return { answer: http.conflict() };
  const sent = Buffer.from(body ?? '', 'base64');
  if (sent.length > MOST) return { answer: http.badRequest('Request is too large.') };
  return { answer: http.answerPassword(''), store: sent.toString('utf8') };
}
