/** The link between the host and a root cloud's external networks. */
import { readFileSync } from 'node:fs';
import { UPLINK_HOST_END } from '#drivers/dataplane/linux/names.ts';
import { attempt, run } from '#drivers/run.ts';
import type { Yard } from '#drivers/yard/yard.ts';
import { Fault } from '#platform/fault.ts';
import type { HostLink } from '#platform/uplink-config.ts';
import {
  isOwn,
  linkAlias,
  planHostLink,
  planLinkInside,
  planOutside,
  type HostLinkFacts,
} from './host-link-plan.ts';
import { runInUplink, uplinkPath } from './into-uplink.ts';

type Options = { readonly signal: AbortSignal };

/** Makes the link, with routes to exactly these subnets. The uplink must be there. */
export async function ensureHostLink(
  yard: Yard,
  link: HostLink,
  wanted: { readonly subnets: readonly string[]; readonly outbound: boolean },
  options: Options,
): Promise<void> {
  const { stateDir } = yard;
  const facts = await lookAt(link.name, yard, options);
  if (facts.alias !== null && !isOwn(facts, stateDir)) throw taken(link.name, facts.alias);
  const namespace = uplinkPath(yard);
  const ipv6 = hasIpv6();
  const lines = planHostLink(link, facts, { stateDir, namespace, subnets: wanted.subnets, ipv6 });
  await run('ip', ['-batch', '-'], { ...options, input: textOf(lines) });
  const inside = textOf(planLinkInside(link));
  await runInUplink(yard, ['ip', '-batch', '-'], { ...options, input: inside });
  const rules = planOutside(UPLINK_HOST_END, wanted.outbound);
  await runInUplink(yard, ['nft', '-f', '-'], { ...options, input: rules });
}

/** Takes the link away, if it is this cloud's. */
export async function ensureHostLinkAbsent(
  name: string,
  stateDir: string,
  options: Options,
): Promise<void> {
  const facts = await lookAt(name, null, options);
  if (facts.alias === null || !isOwn(facts, stateDir)) return;
  const { code, stderr } = await attempt('ip', ['link', 'del', 'dev', name], options);
  // It goes by itself with the other end's namespace, maybe just now.
  if (code !== 0 && (await lookAt(name, null, options)).alias !== null) {
    const message = `The link '${name}' could not be removed: ${stderr.trim()}. Remove it with: ip link del dev ${name}`;
    throw new Fault('internal', 'HostLinkStays', message);
  }
}

/** Whether the link is there, of this cloud, and leads somewhere. */
export async function isLinked(name: string, stateDir: string, options: Options): Promise<boolean> {
  const links = JSON.parse(await run('ip', ['-json', 'link', 'show'], options)) as LinkJson[];
  const link = links.find(({ ifname }) => ifname === name);
  // Its lower layer is up as long as the other end is there and up.
  return link?.ifalias === linkAlias(stateDir) && link.flags?.includes('LOWER_UP') === true;
}

type LinkJson = {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly group?: string;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
};
type RouteJson = { readonly dst?: string; readonly dev?: string; readonly gateway?: string };

const NO_LINK: HostLinkFacts = {
  alias: null,
  group: null,
  whole: false,
  routes: [],
  addresses: [],
};

/** Without a yard, only whose the link is. */
async function lookAt(name: string, yard: Yard | null, options: Options): Promise<HostLinkFacts> {
  const ask = async <T>(...args: readonly string[]): Promise<readonly T[]> =>
    JSON.parse((await run('ip', ['-json', ...args], options)) || '[]') as readonly T[];
  const called = ({ ifname }: LinkJson) => ifname === name;
  const link = (await ask<LinkJson>('link', 'show')).find(called);
  if (!link) return NO_LINK;
  const { ifalias: alias = '', group = null } = link;
  const facts = { ...NO_LINK, alias, group };
  if (yard === null) return facts;
  const infos = (await ask<LinkJson>('addr', 'show')).find(called)?.addr_info ?? [];
  const routes = [
    ...(await ask<RouteJson>('-4', 'route', 'show', 'table', 'main')),
    ...(await ask<RouteJson>('-6', 'route', 'show', 'table', 'main')),
  ];
  const inside = JSON.parse(
    await runInUplink(yard, ['ip', '-json', 'link', 'show'], options),
  ) as readonly LinkJson[];
  return {
    ...facts,
    whole: inside.some(({ ifname }) => ifname === UPLINK_HOST_END),
    addresses: infos.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    // Those without a gateway are the kernel's own, of the link's addresses.
    routes: routes.flatMap(({ dst = '', dev, gateway }) =>
      dev === name && gateway !== undefined ? [withPrefix(dst)] : [],
    ),
  };
}

function withPrefix(dst: string): string {
  return dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`;
}

/** Some hosts have it switched off: then there is nothing to reach by it. */
function hasIpv6(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'utf8').trim() === '0';
  } catch {
    return false; // a kernel without it
  }
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function taken(name: string, alias: string): Fault {
  const whose = alias.startsWith('stackyard:')
    ? `the cloud of '${alias.slice('stackyard:'.length)}' has it`
    : 'it is none of ours';
  return new Fault(
    'conflict',
    'HostLinkTaken',
    `The link '${name}' to the host cannot be made: there is one of that name already, and ${whose}. Choose another: --host-link NAME=ADDRESS/PREFIX.`,
  );
}
