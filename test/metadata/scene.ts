/** What a check of the metadata service has at hand: a data plane that answers with who it takes the asker for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pinnedTo, type PortMode, type SecurityGroupSpec } from '#base/host/firewall.ts';
import type { MetadataQuestion } from '#base/host/metadata.ts';
import { plainAnswer } from '#base/host/metadata-answers.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { RouterSpec } from '#base/host/routers.ts';
import type { Commands } from '../../src/drivers/dataplane/linux/kernel.ts';
import { run } from '../../src/drivers/run.ts';
import { until } from '../dataplane/check.ts';
import { newMac, openPlane, portOf, type DataplaneWorld, type Plane } from '../dataplane/world.ts';
import { Guest } from '../storm/guests.ts';
import type { AskOptions, Asked } from './ask.ts';

export const METADATA = '169.254.169.254';
export const METADATA6 = 'fe80::a9fe:a9fe%eth0';

/** Nothing is looked after by itself. */
const NEVER_MS = 60_000;
const ESTABLISHED = '01';
const ANSWERS_WITHIN_MS = 6_000;
const ASK = join(import.meta.dirname, 'ask.ts');
const HOLD = join(import.meta.dirname, 'hold.ts');

/** Lets out whatever its ports send, and in what answers that. */
export const OUTWARDS: SecurityGroupSpec = {
  id: '00000000-0000-4000-8000-00000000000a',
  stateful: true,
  rules: ([4, 6] as const).map((version) => ({
    id: `00000000-0000-4000-8000-00000000000${version}`,
    direction: 'egress',
    version,
    protocol: null,
    ports: null,
    remote: { kind: 'any' },
  })),
};

/** A port in a mode of which it is said how free it is; `strict` has the addresses that are given. */
export function portAs(
  network: NetworkSpec,
  mode: PortMode | 'off',
  cidrs: readonly string[] = [],
  mac = newMac(),
): PortSpec {
  const fields = { mode: mode === 'off' ? 'strict' : mode, groups: [OUTWARDS.id] };
  const pairs = cidrs.map((cidr) => ({ mac, cidr }));
  const firewall = mode === 'off' ? null : pinnedTo([mac], { ...fields, pairs });
  return portOf(network, { mac, firewall });
}

/** A plane that answers each question with the question. */
export async function answeringPlane(world: DataplaneWorld, commands?: Commands): Promise<Plane> {
  const plane = openPlane(world, NEVER_MS, commands);
  plane.dataplane.onMetadata(async (asked) => plainAnswer(200, JSON.stringify(asked)));
  await plane.apply({ groups: [OUTWARDS] });
  return plane;
}

/** A guest with one card and, when given, one address with its prefix length. */
export async function guestOn(
  world: DataplaneWorld,
  network: NetworkSpec,
  port: PortSpec,
  address?: string,
): Promise<Guest> {
  const card = address === undefined ? { port } : { port, address };
  const guest = await Guest.make(world, `guest${port.id.slice(0, 8)}`, network, [card]);
  await guest.exec('sh', '-c', 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6');
  return guest;
}

export async function ask(
  guest: Guest,
  path = '/openstack',
  options: AskOptions & { readonly host?: string } = {},
): Promise<Asked> {
  const { host = METADATA, ...rest } = options;
  const said = await guest.exec(process.execPath, ASK, host, path, JSON.stringify(rest));
  return JSON.parse(said) as Asked;
}

/** The question as it arrived; waits for the service to listen, and for what keeps a new network busy. */
export async function question(
  guest: Guest,
  path?: string,
  options?: Parameters<typeof ask>[2],
): Promise<MetadataQuestion> {
  let asked: Asked | undefined;
  const answers = async () => {
    asked = await ask(guest, path, options);
    return asked.status === 200;
  };
  try {
    await until('the metadata service answers', answers, ANSWERS_WITHIN_MS);
  } catch (error) {
    throw new Error(`last it was: ${JSON.stringify(asked)}`, { cause: error });
  }
  return JSON.parse(asked?.text ?? '') as MetadataQuestion;
}

/** Whoever asks is taken for this port. */
export async function isKnownAs(
  guest: Guest,
  port: PortSpec,
  options?: Parameters<typeof ask>[2],
): Promise<void> {
  const { portId } = await question(guest, '/', options);
  assert.equal(portId, port.id);
}

/** Whoever asks learns nothing at all. */
export async function learnsNothing(
  guest: Guest,
  options?: Parameters<typeof ask>[2],
): Promise<void> {
  const asked = await ask(guest, '/', { timeoutMs: 700, ...options });
  assert.equal(asked.status, 0, asked.text);
}

/** Opens connections that say nothing; resolves when one is open. */
export async function holdOpen(guest: Guest, host = METADATA, count = 1): Promise<void> {
  const { stdout } = guest.start(process.execPath, HOLD, host, String(count));
  assert.ok(stdout);
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'open');
}

/** How many connections the service has in a network's namespace. */
export async function openConnections(
  world: DataplaneWorld,
  network: NetworkSpec,
): Promise<number> {
  const inside = ['netns', 'exec', `qdhcp-${network.id}`, 'cat', '/proc/net/tcp6'];
  const lines = (await run('ip', inside, world)).trim().split('\n').slice(1);
  return lines.filter((line) => line.trim().split(/\s+/)[3] === ESTABLISHED).length;
}

/** A router without a way out. */
export function routerOf(
  links: readonly (readonly [networkId: string, address: string])[],
): RouterSpec {
  const interfaces = links.map(([networkId, address], index) => ({
    portId: randomUUID(),
    networkId,
    mac: `fa:16:3e:aa:00:0${index}`,
    mtu: 1450,
    adminStateUp: true,
    addresses: [address],
    advertised: [],
  }));
  return {
    id: randomUUID(),
    adminStateUp: true,
    interfaces: interfaces.toSorted((a, b) => (a.portId < b.portId ? -1 : 1)),
    gateway: null,
    routes: [],
    floatingIps: [],
    forwardings: [],
  };
}
