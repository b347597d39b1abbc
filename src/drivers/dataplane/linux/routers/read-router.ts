/** Reads what is there of routers from the kernel. */
import { join } from 'node:path';
import { isJsonObject } from '#base/json.ts';
import { fileMark } from '../../../processes.ts';
import type { FdbJson, LinkJson } from '../facts.ts';
import type { Commands } from '../kernel.ts';
import { NETNS_DIR, ROUTER_LINK_PREFIX, routerNamespace } from '../names.ts';
import {
  NO_ROUTER,
  type InnerLinkFacts,
  type RouterFacts,
  type RouterLinkFacts,
} from './router-facts.ts';

/** Of all routers. */
export type RoutersFacts = {
  /** Ids of routers with a namespace. */
  readonly namespaces: ReadonlySet<string>;
  /** By port id. */
  readonly links: ReadonlyMap<string, RouterLinkFacts>;
  /** Links with our names and no whole ids: what was being made when an agent was killed. */
  readonly strays: readonly string[];
};

/** `<router's id>/<port's id>` */
const ALIAS = /^([0-9a-f-]{36})\/([0-9a-f-]{36})$/;

/** Ends of routers' links among all links that the kernel has. */
export function readRouterLinks(
  links: readonly LinkJson[],
  fdb: readonly FdbJson[],
): Omit<RoutersFacts, 'namespaces'> {
  const found = new Map<string, RouterLinkFacts>();
  const strays: string[] = [];
  const pinned = new Map<string, string>();
  for (const { mac, ifname, master, state, flags } of fdb) {
    if (state === 'static' && flags?.includes('sticky') === true && master !== undefined) {
      pinned.set(ifname, mac);
    }
  }
  for (const { ifname: name, ifalias = '', mtu, master = null, flags, linkinfo } of links) {
    if (linkinfo?.info_kind !== 'veth' || !name.startsWith(ROUTER_LINK_PREFIX)) continue;
    const [, routerId, portId] = ALIAS.exec(ifalias) ?? [];
    if (routerId === undefined || portId === undefined) {
      strays.push(name);
      continue;
    }
    const up = flags.includes('UP');
    const pinnedMac = pinned.get(name) ?? null;
    found.set(portId, { name, routerId, mtu, master, up, pinnedMac });
  }
  return { links: found, strays };
}

/** Stands for a router's namespace: another one of the same name has another number. Undefined when there is none. */
export function namespaceMark(routerId: string): string | undefined {
  const mark = fileMark(namespacePath(routerId));
  return mark === undefined ? undefined : `${mark.dev}:${mark.ino}`;
}

export function namespacePath(routerId: string): string {
  return join(NETNS_DIR, routerNamespace(routerId));
}

/** Everything of one router, from the kernel. */
export async function readRouter(
  id: string,
  commands: Commands,
  signal: AbortSignal,
): Promise<RouterFacts> {
  const [links, fdb] = await Promise.all([
    commands.run('ip', ['-details', '-json', 'link', 'show', 'type', 'veth'], { signal }),
    commands.run('bridge', ['-json', 'fdb', 'show'], { signal }),
  ]);
  const all = readRouterLinks(
    parse(links) as readonly LinkJson[],
    parse(fdb) as readonly FdbJson[],
  ).links;
  const outer = new Map([...all].filter(([, link]) => link.routerId === id));
  if (namespaceMark(id) === undefined) return { ...NO_ROUTER, outer };
  const ask = async (...words: readonly string[]) =>
    await commands.run('ip', ['-netns', routerNamespace(id), '-json', ...words], { signal });
  const [addresses, routes4, routes6] = await Promise.all([
    ask('address', 'show'),
    ask('-4', 'route', 'show', 'proto', 'static'),
    ask('-6', 'route', 'show', 'proto', 'static'),
  ]);
  const inner = readInner(parse(addresses) as readonly AddressJson[]);
  const routes = new Map([
    ...readRoutes(parse(routes4) as readonly RouteJson[], '0.0.0.0/0', 32),
    ...readRoutes(parse(routes6) as readonly RouteJson[], '::/0', 128),
  ]);
  return { namespace: true, outer, inner, routes };
}

export type AddressJson = {
  readonly ifname: string;
  readonly address?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
};

export type RouteJson = { readonly dst: string };

/** Ends of links in a router's namespace. */
export function readInner(links: readonly AddressJson[]): ReadonlyMap<string, InnerLinkFacts> {
  const inner = new Map<string, InnerLinkFacts>();
  for (const { ifname, address: mac = '', mtu, flags, addr_info: some = [] } of links) {
    if (!/^q[rg]-/.test(ifname)) continue;
    const addresses = some
      .filter(({ local = '' }) => !isLinkLocal(local))
      .map(({ local = '', prefixlen }) => `${local}/${String(prefixlen)}`);
    inner.set(ifname, { mac, mtu, up: flags.includes('UP'), addresses });
  }
  return inner;
}

/** The kernel makes such addresses for itself, and the metadata service has one. */
function isLinkLocal(address: string): boolean {
  return address.startsWith('fe80:') || address.startsWith('169.254.');
}

function readRoutes(
  routes: readonly RouteJson[],
  everything: string,
  bits: number,
): readonly (readonly [string, null])[] {
  return routes.map(({ dst }) => {
    if (dst === 'default') return [everything, null];
    return [dst.includes('/') ? dst : `${dst}/${bits}`, null];
  });
}

/** `ip` prints an empty object for a thing that is not there. */
function parse(text: string): readonly unknown[] {
  const all: unknown = JSON.parse(text || '[]');
  return Array.isArray(all) ? all.filter(isJsonObject) : [];
}
