/** What it costs to get a token, and what a token costs each request. */
import assert from 'node:assert/strict';
import { startBareServer } from '../support/bare-server.ts';
import { BenchCloud } from '../support/bench-cloud.ts';
import { median, times } from '../support/clock.ts';
import { Connection, loginOf } from '../support/connection.ts';
import type { Measure } from '../support/row.ts';

const USERS = 15;
const ISSUES = 300;
const REQUESTS = 2000;

export const tokens: Measure = async (tell) => {
  await using cloud = await BenchCloud.start();
  await using bare = await startBareServer();
  using below = new Connection(bare.url);
  const admin = await cloud.as('admin');
  const demo = await cloud.as('demo');

  tell('tokens for credentials that were never seen, and for ones that were');
  const { roles } = await admin.ask('GET', '/identity/v3/roles?name=member');
  const { projects } = await admin.ask('GET', '/identity/v3/projects?name=demo');
  for (let index = 0; index < USERS; index++) {
    const user = { name: `bench-${index}`, password: 'secret' };
    const made = await admin.ask('POST', '/identity/v3/users', { user });
    const grant = `projects/${projects[0].id}/users/${made.user.id}/roles/${roles[0].id}`;
    await admin.ask('PUT', `/identity/v3/${grant}`);
  }
  using client = new Connection(cloud.url);
  const issue = async (name: string, password: string) => {
    const body = loginOf(name, password, 'demo');
    assert.equal((await client.send('POST', '/identity/v3/auth/tokens', body)).status, 201);
  };
  const cold = await times(USERS, async (index) => await issue(`bench-${index}`, 'secret'));
  await times(50, async () => await issue('demo', cloud.passwordOf('demo')));
  const warm = await times(ISSUES, async () => await issue('demo', cloud.passwordOf('demo')));
  const post = await times(
    ISSUES,
    async () => await below.send('POST', '/item', loginOf('a', 'b', 'c')),
  );

  tell('a request with a token beside one that needs none');
  const open = new Connection(cloud.url);
  const guarded = async () => await demo.ask('GET', '/networking/v2.0/extensions/quotas');
  const floor = async () => await below.send('GET', '/item');
  const free = async () => await open.send('GET', '/networking/v2.0/');
  for (const one of [guarded, floor, free]) await times(300, one);
  const [with_, bare_, without]: [number[], number[], number[]] = [[], [], []];
  // By turns, so that whatever else the machine does hits all of them.
  for (let index = 0; index < REQUESTS; index++) {
    with_.push(...(await times(1, guarded)));
    bare_.push(...(await times(1, floor)));
    without.push(...(await times(1, free)));
  }
  open[Symbol.dispose]();
  return [
    {
      what: 'token issue (password), cold',
      value: median(cold),
      unit: 'ms',
      target: { atMost: 60 },
      floor: { what: 'a bare Fastify route', value: median(post) },
    },
    {
      what: 'token issue (password), seen before',
      value: median(warm),
      unit: 'ms',
      target: { atMost: 2 },
      floor: { what: 'a bare Fastify route', value: median(post) },
    },
    {
      what: 'validated request overhead',
      value: median(with_) - median(without),
      unit: 'ms',
      target: { atMost: 0.3 },
      floor: null,
    },
    {
      what: '  the whole request with a token',
      value: median(with_),
      unit: 'ms',
      target: null,
      floor: { what: 'a bare Fastify route', value: median(bare_) },
    },
  ];
};
