/** What guests ask about themselves, between the two ends of the host protocol. */
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { plainAnswer } from '#base/host/metadata-answers.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { Fault } from '../fault.ts';
import { silentLog } from '../log.ts';
import { MetadataAsks, MOST_ASKED_AT_ONCE, replyTo } from './metadata-asks.ts';
import { LineLink, type ToAgent, type ToControl } from './host-protocol.ts';

const QUESTION: MetadataQuestion = { portId: 'p1', method: 'GET', path: '/openstack', body: null };

/** Both ends on one stream; control renders as it is told. */
function meet(
  render: (question: MetadataQuestion) => Promise<HttpAnswer>,
  asks = new MetadataAsks(),
) {
  const log = silentLog();
  const [inner, outer] = duplexPair();
  const link: LineLink<ToControl, ToAgent> = new LineLink(inner, log, {
    line: (message) => {
      if (message.type === 'reply') asks.replied(message);
    },
    end: () => asks.giveUp(link),
  });
  const control: LineLink<ToAgent, ToControl> = new LineLink(outer, log, {
    line: (message) => {
      if (message.type === 'ask')
        void replyTo(message, render, log).then((reply) => control.send(reply));
    },
    end: () => undefined,
  });
  return { asks, link, control };
}

const never = async () => await new Promise<HttpAnswer>(() => undefined);
const textOf = (answer: HttpAnswer) => Buffer.from(answer.body, 'base64').toString();

test('each question gets its own answer, in whichever order they come', async () => {
  const first = Promise.withResolvers<void>();
  const { asks, link } = meet(async ({ path }) => {
    if (path === '/1') await first.promise;
    else first.resolve();
    return plainAnswer(200, `this is ${path}`);
  });
  const ask = async (path: string) => textOf(await asks.ask(link, { ...QUESTION, path }));
  assert.deepEqual(await Promise.all([ask('/1'), ask('/2')]), ['this is /1\n', 'this is /2\n']);
});

test('what control cannot find out is a 500 with a sentence, and never its reasons', async () => {
  const { asks, link } = meet(async () => {
    throw new Fault('internal', 'Secret', 'the table is broken');
  });
  const answer = await asks.ask(link, QUESTION);
  assert.equal(answer.status, 500);
  assert.match(textOf(answer), /could not find this out/);
  assert.doesNotMatch(JSON.stringify(answer) + textOf(answer), /table|Secret/);
});

test('a guest is told to come again while control is not there, when it goes, and when it is slow', async () => {
  const { asks, link } = meet(never);
  const away = await asks.ask(undefined, QUESTION);
  const waiting = asks.ask(link, QUESTION);
  link.close();
  const slow = meet(never, new MetadataAsks(1));
  for (const answer of [away, await waiting, await slow.asks.ask(slow.link, QUESTION)]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '2');
  }
});

test('no more questions are under way at once than was agreed', async () => {
  const go = Promise.withResolvers<void>();
  const { asks, link } = meet(async () => {
    await go.promise;
    return plainAnswer(200, 'yes');
  });
  const all = Array.from(
    { length: MOST_ASKED_AT_ONCE },
    async () => await asks.ask(link, QUESTION),
  );
  assert.equal((await asks.ask(link, QUESTION)).status, 503);
  go.resolve();
  assert.deepEqual(new Set((await Promise.all(all)).map(({ status }) => status)), new Set([200]));
  assert.equal((await asks.ask(link, QUESTION)).status, 200);
});
