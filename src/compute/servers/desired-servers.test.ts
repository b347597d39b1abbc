/** Waiting for hosts: what ends a wait, and with which words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerObservation } from '#base/host/document.ts';
import type { Db } from '#platform/db/tables.ts';
import { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { ObservedHosts } from '#platform/host/observed-hosts.ts';
import { FACTS } from '../fake/fake-host.ts';
import { HostGrace } from '../nodes/host-grace.ts';
import { DesiredServers } from './desired-servers.ts';

const SERVER = { id: 'server', host: FACTS.host };
const never = new AbortController().signal;

function start(graceMs = 0) {
  const desired = new DesiredHosts();
  const observed = new ObservedHosts();
  const grace = new HostGrace({ observed, now: () => new Date(), graceMs });
  // Nothing here asks the database.
  const servers = new DesiredServers({ db: {} as Db, desired, observed, grace });
  const say = (change: Partial<ServerObservation>) =>
    observed.observe(FACTS.host, 'servers', SERVER.id, {
      settled: 5,
      error: null,
      power: 'running',
      rebootCount: 0,
      nics: [],
      ...change,
    });
  const wait = async (withinMs: number | null = null) =>
    await servers.settled(SERVER, 5, ({ power }) => power === 'running', {
      signal: never,
      withinMs,
    });
  return { observed, servers, say, wait };
}

test('a wait ends when the host has done what was asked, and not with what it did before', async () => {
  const { observed, say, wait } = start();
  observed.connected(FACTS, new Date());
  say({ settled: 4 });
  const waiting = wait();
  say({ settled: 5, power: 'paused' });
  say({ settled: 6 });
  assert.equal((await waiting).settled, 6);
});

test('a wait ends with the fault of the host', async () => {
  const { observed, say, wait } = start();
  observed.connected(FACTS, new Date());
  const waiting = wait();
  say({ error: { code: 'QemuFailed', message: 'no memory' } });
  await assert.rejects(waiting, { code: 'QemuFailed', message: 'no memory' });
});

test('a host that is down is not waited for', async () => {
  const { wait } = start();
  await assert.rejects(wait(), { code: 'ComputeServiceUnavailable' });
});

test('a host that is away for a moment is waited for', async () => {
  const { observed, say, wait } = start(60_000);
  const waiting = wait();
  observed.connected(FACTS, new Date());
  observed.disconnected(FACTS.host, new Date());
  observed.connected(FACTS, new Date());
  say({});
  assert.equal((await waiting).power, 'running');
});

test('a host that stays away is given up', async () => {
  const { observed, wait } = start(20);
  observed.connected(FACTS, new Date());
  const waiting = wait();
  observed.disconnected(FACTS.host, new Date());
  await assert.rejects(waiting, { code: 'ComputeServiceUnavailable' });
});

test('a host that takes too long is not waited for any longer', async () => {
  const { observed, wait } = start();
  observed.connected(FACTS, new Date());
  await assert.rejects(wait(10), {
    code: 'HostTooSlow',
    message: 'Host node-1 did not do within 0 s what was asked of instance server.',
  });
});

test('a wait ends when the server is to be deleted', async () => {
  const { observed, servers, wait } = start();
  observed.connected(FACTS, new Date());
  const waiting = wait();
  servers.markGoing(SERVER.id);
  await assert.rejects(waiting, { code: 'ServerGoing' });
});
