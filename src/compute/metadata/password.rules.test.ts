/** A guest's password: told once, read as often as anybody likes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordTurn } from './password.rules.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const MOST = 'x'.repeat(1020);

type Row = readonly [
  why: string,
  method: string,
  body: string | null,
  password: string | null,
  status: number,
  said: string | RegExp,
  stored?: string,
];
const TURNS: readonly Row[] = [
  ['nothing told yet', 'GET', null, null, 200, ''],
  ['told before', 'GET', null, 'secret', 200, 'secret'],
  ['head', 'HEAD', null, 'secret', 200, ''],
  ['told', 'POST', 'secret', null, 200, '', 'secret'],
  ['told after it was cleared', 'POST', 'secret', '', 200, '', 'secret'],
  ['nothing in it', 'POST', null, null, 200, '', ''],
  ['told twice', 'POST', 'other', 'secret', 409, /409 Conflict/],
  ['as much as fits', 'POST', MOST, null, 200, '', MOST],
  ['too much', 'POST', `${MOST}x`, null, 400, /Request is too large\./],
  ['another method', 'PUT', 'secret', null, 400, /GET and POST only are supported\./],
  ['another method', 'DELETE', null, 'secret', 400, /GET and POST only are supported\./],
];
for (const [why, method, body, password, status, said, stored] of TURNS) {
  test(`${method} of a password, ${why}: ${status}`, () => {
    const turn = passwordTurn({ method, body: body === null ? null : base64(body) }, password);
    assert.equal(turn.answer.status, status);
    assert.equal(turn.store, stored);
    const text = Buffer.from(turn.answer.body, 'base64').toString();
    if (typeof said === 'string') assert.equal(text, said);
    else assert.match(text, said);
  });
}
