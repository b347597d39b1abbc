/** A cloud with an external network for tests: somebody on that network, and what the host has of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { findUplinkRecord, type UplinkRecord } from '#app/uplink/uplink-record.ts';
import { enterYard, findYard } from '#drivers/yard/yard.ts';
import { attempt, run, type RunResult } from '../../src/drivers/run.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { waitFor } from '../support/wait-for.ts';
import { neighbourOn } from './world.ts';

export const PUBLIC = '172.24.4.0/24,2001:db8:24::/64';
export const GUEST = { 4: '172.24.4.99', 6: '2001:db8:24::99', port: 7007 } as const;
export const GATEWAY = { 4: '172.24.4.1', 6: '2001:db8:24::1' } as const;

const signal = AbortSignal.timeout(240_000);

/** Not started yet. Its guests are pretended; its network is real. */
export async function makeCloud(): Promise<RealCloud> {
  return await RealCloud.make({ dataplane: 'linux' });
}

/** `up --detach` with these words. */
export async function up(cloud: RealCloud, ...words: readonly string[]): Promise<RunResult> {
  return await cloud.run(
    ...['up', '--listen', '127.0.0.1:0', '--hypervisor', 'fake', '--empty', '--detach'],
    ...words,
  );
}

export async function upWell(cloud: RealCloud, ...words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await up(cloud, ...words);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
}

/** Somebody on the network `public`; `enter` leads to where they are. */
export async function guestOf(cloud: RealCloud) {
  const yard = findYard(cloud.stateDir);
  assert.ok(yard);
  const admin = await cloud.as('admin');
  const { networks } = await admin.get('/networking/v2.0/networks?name=public');
  const into = enterYard(yard, '/');
  const neighbour = await neighbourOn(networks[0].id, [`${GUEST[4]}/24`, `${GUEST[6]}/64`], {
    signal,
    enter: into,
    gateways: [GATEWAY[4], GATEWAY[6]],
  });
  const enter = [...into, 'nsenter', `--net=/run/netns/${neighbour.namespace}`, '--'];
  return { enter, [Symbol.asyncDispose]: async () => await neighbour[Symbol.asyncDispose]() };
}

/** Where commands of `stackyard exec` run. */
export function inYard(cloud: RealCloud): readonly string[] {
  const yard = findYard(cloud.stateDir);
  assert.ok(yard);
  return enterYard(yard, '/');
}

export function record(cloud: RealCloud): UplinkRecord | undefined {
  return findUplinkRecord(cloud.stateDir);
}

/** What this host has, that a cloud might have changed: links, addresses, routes, rules, forwarding. */
export async function hostState(): Promise<string> {
  const parts = await Promise.all([
    run('ip', ['-brief', 'addr'], { signal }),
    run('ip', ['-4', 'route'], { signal }),
    run('ip', ['-6', 'route'], { signal }),
    attempt('nft', ['list', 'ruleset'], { signal }).then(({ stdout }) => stdout),
  ]);
  const forwarding = ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'].map((name) =>
    readFileSync(`/proc/sys/net/${name}`, 'utf8'),
  );
  return [...parts, ...forwarding].join('\n');
}

export async function untilRoute(subnet: string, there: boolean): Promise<void> {
  await waitFor(`the host ${there ? 'has' : 'has no'} route to ${subnet}`, async () => {
    const family = subnet.includes(':') ? '-6' : '-4';
    const routes = await run('ip', [family, 'route', 'show', subnet], { signal });
    return (routes.trim() !== '') === there;
  });
}
