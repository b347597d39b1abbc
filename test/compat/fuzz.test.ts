/** Recorded requests with something wrong in them: whatever it is, the answer is no failure of ours. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isJsonObject, type Json } from '#base/json.ts';
import type { Method } from '../support/client.ts';
import { badForm } from '../support/dialects.ts';
import { startTestCloud } from '../support/start-cloud.ts';
import { Things } from '../support/things.ts';
import { PLACEHOLDER, readExchanges, routeOf, SERVICES } from './exchange.ts';
import { Filling } from './filling.ts';
import { matches } from './replay.ts';

/** The same each time; another number tries other mistakes. */
const SEED = 20_261_121;
const MUTATIONS = 3;

const cloud = await startTestCloud({ furnished: true });
await cloud.app.ready();
after(async () => await cloud[Symbol.asyncDispose]());
const things = new Things(cloud);

/** Numbers that look random and are the same in each run (xorshift). */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number below `sides`. */
  roll(sides: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.abs(this.#state) % sides;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.roll(items.length)] as T;
  }
}

const VALUES: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 40,
  '',
  'x',
  '\u0000',
  'ü'.repeat(300),
  '00000000-0000-4000-8000-000000000000',
  '10.0.0.1',
  'fe80::1/64',
  '../..',
  [],
  [null],
  ['x'],
  [{}],
  {},
  { id: 'x' },
];

/** The value with one thing in it, somewhere, replaced, dropped, doubled or put elsewhere. */
function mutate(value: Json, dice: Dice): Json {
  if (Array.isArray(value) && value.length > 0 && dice.roll(4) > 0) {
    const items = [...(value as readonly Json[])];
    const at = dice.roll(items.length);
    const item = items[at] as Json;
    items.splice(at, 1, ...dice.pick([[mutate(item, dice)], [], [item, item]]));
    return items;
  }
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  if (entries.length > 0 && dice.roll(6) > 0) {
    const [name, inner = null] = dice.pick(entries);
    const rest = Object.fromEntries(entries.filter(([other]) => other !== name));
    switch (dice.roll(8)) {
      case 0:
        return rest;
      case 1:
        return { ...rest, [`${name}x`]: inner };
      case 2:
        return { ...(value as object), __proto__x: inner, constructor: inner };
      default:
        return { ...(value as object), [name]: mutate(inner, dice) };
    }
  }
  return dice.pick(VALUES);
}

for (const service of SERVICES) {
  test(`${service} answers recorded requests with mistakes in them without failing`, async () => {
    const dice = new Dice(SEED);
    const admin = await cloud.as('admin').client();
    const wrong: string[] = [];
    let sent = 0;
    for (const exchange of readExchanges(service)) {
      const { method, url, body } = exchange;
      const path = (url.split('?')[0] ?? '').replaceAll(PLACEHOLDER, 'x');
      if (body === undefined || !cloud.routes.some((route) => matches(route.url, path))) continue;
      for (let count = 0; count < MUTATIONS; count++) {
        const broken = { ...exchange, body: mutate(body, dice) };
        const filling = new Filling({ cloud, things, service, exchange: broken, unknown: 'none' });
        const address = await filling.url();
        const payload = JSON.stringify(await filling.body());
        const answer = await admin.send(method as Method, address, payload, {
          'content-type': exchange.contentType ?? 'application/json',
          accept: 'application/json',
          ...(exchange.version !== undefined && {
            'x-openstack-nova-api-version': exchange.version,
          }),
        });
        sent += 1;
        const { status } = answer;
        const failed = status >= 500 && status !== 501;
        const form = status >= 400 ? badForm(address, answer) : undefined;
        if (failed || form !== undefined) {
          const what = form ?? answer.text.slice(0, 200);
          wrong.push(`${routeOf(exchange)}: ${status} ${what} to ${payload.slice(0, 300)}`);
        }
        if (status < 300) {
          await cloud.idle();
          things.forgetAll();
          await cloud.unlimit();
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(sent > 50, `${sent} were sent`);
  });
}
