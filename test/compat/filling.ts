/** Puts ids of things that exist, and names that are new, where a recorded request has placeholders. */
import { randomUUID } from 'node:crypto';
import { isJsonObject, type Json } from '#base/json.ts';
import { HOST, IMAGE, type TestCloud } from '../support/start-cloud.ts';
import type { Things } from '../support/things.ts';
import { PLACEHOLDER, type Exchange, type ServiceName } from './exchange.ts';

/** Where things of a kind are made, by the kinds that placeholders have. */
const MADE_BY: Readonly<Record<string, readonly [service: string, kind: string]>> = {
  networks: ['networking', 'networks'],
  subnets: ['networking', 'subnets'],
  ports: ['networking', 'ports'],
  'network-ip-availabilities': ['networking', 'networks'],
  floatingips: ['networking', 'floatingips'],
  port_forwardings: ['networking', 'port_forwardings'],
  'attached-ports': ['compute', 'os-interface'],
  'security-groups': ['networking', 'security-groups'],
  'security-group-rules': ['networking', 'security-group-rules'],
  'default-security-group-rules': ['networking', 'default-security-group-rules'],
  'address-groups': ['networking', 'address-groups'],
  'rbac-policies': ['networking', 'rbac-policies'],
  routers: ['networking', 'routers'],
  agents: ['networking', 'agents'],
  projects: ['identity', 'projects'],
  users: ['identity', 'users'],
  groups: ['identity', 'groups'],
  roles: ['identity', 'roles'],
  domains: ['identity', 'domains'],
  regions: ['identity', 'regions'],
  services: ['identity', 'services'],
  endpoints: ['identity', 'endpoints'],
  images: ['image', 'images'],
  members: ['image', 'members'],
  flavors: ['compute', 'flavors'],
  servers: ['compute', 'servers'],
  'os-keypairs': ['compute', 'os-keypairs'],
  actions: ['compute', 'os-instance-actions'],
  'os-hypervisors': ['compute', 'os-hypervisors'],
  'os-services': ['compute', 'os-services'],
  'os-aggregates': ['compute', 'os-aggregates'],
  'os-server-groups': ['compute', 'os-server-groups'],
};

/** An external network. */
const OUTSIDE = 'external networks';

/** Whether the network under a member's name has to be an external one. */
function isOutside(member: string, parent: string): boolean {
  return member === 'floating_network_id' || parent === 'external_gateway_info';
}

/** The address that a floating IP or a part of one shall lead to. */
const ADDRESS = /"(?:fixed|internal)_ip_address":"([^"]*)"/;

/** Which ids are of nothing that exists. */
export type Unknown = 'none' | 'path' | 'body';

export type FillingDeps = {
  readonly cloud: TestCloud;
  readonly things: Things;
  readonly service: ServiceName;
  readonly exchange: Exchange;
  readonly unknown: Unknown;
};

/** One request being filled: a placeholder stands for the same thing throughout. */
export class Filling {
  readonly #deps: FillingDeps;
  readonly #values = new Map<string, string>();
  readonly #kinds = new Set<string>();

  constructor(deps: FillingDeps) {
    this.#deps = deps;
  }

  async url(): Promise<string> {
    const url = await this.#text(this.#deps.exchange.url, 'path');
    return encodeURI(url).replaceAll('%25', '%');
  }

  async body(): Promise<Json | undefined> {
    const { exchange } = this.#deps;
    const body = await this.#json(exchange.body, '', '');
    const isLogin =
      exchange.method === 'POST' &&
      exchange.url === '/identity/v3/auth/tokens' &&
      exchange.status < 300;
    return isLogin ? await this.#asDemo(body) : body;
  }

  async #json(body: Json | undefined, member: string, parent: string): Promise<Json | undefined> {
    if (typeof body === 'string') {
      // A new thing's name is new, even when the recording used it as an address as well.
      if (member === 'name' && this.#deps.exchange.method === 'POST') {
        for (const [placeholder] of body.matchAll(PLACEHOLDER)) {
          this.#values.set(placeholder, this.#deps.things.name('name'));
        }
      }
      if (member === 'original_password') return 'secret';
      return await this.#text(body, 'body', isOutside(member, parent));
    }
    if (Array.isArray(body)) {
      const items: Json[] = [];
      for (const item of body as readonly Json[])
        items.push((await this.#json(item, member, parent)) ?? null);
      return items;
    }
    if (!isJsonObject(body)) return body;
    const filled: Record<string, Json | undefined> = {};
    for (const [name, inner] of Object.entries(body)) {
      filled[await this.#text(name, 'body')] = await this.#json(inner, name, member);
    }
    return filled;
  }

  async #text(text: string, place: 'path' | 'body', outside = false): Promise<string> {
    let filled = text;
    for (const [placeholder, kind = ''] of text.matchAll(PLACEHOLDER)) {
      let value = this.#values.get(placeholder);
      if (value === undefined) {
        value = await this.#valueOf(outside && kind === 'networks' ? OUTSIDE : kind, place);
        this.#values.set(placeholder, value);
      }
      filled = filled.replaceAll(placeholder, value);
    }
    return filled;
  }

  async #valueOf(kind: string, place: 'path' | 'body'): Promise<string> {
    const { things, service, unknown, exchange } = this.#deps;
    if (kind === 'name') {
      const ofNetwork = place === 'path' && exchange.url.includes('/ips/');
      return ofNetwork ? 'private' : things.name('name');
    }
    if (kind === 'hosts') return HOST;
    if (unknown === place && kind === 'os-aggregates') return '999999';
    if (unknown === place) {
      return service === 'identity' ? randomUUID().replaceAll('-', '') : randomUUID();
    }
    const second = this.#kinds.has(kind);
    this.#kinds.add(kind);
    if (kind === OUTSIDE) return await this.#outside();
    const special = await this.#specialOf(kind, place);
    if (special !== undefined && !second) return special;
    const made = MADE_BY[kind];
    if (!made) return randomUUID();
    // Two placeholders are two things.
    return second ? await things.make(...made) : await things.of(...made);
  }

  /** An external network, unless the refusal is that it is none. */
  async #outside(): Promise<string> {
    const { things, exchange } = this.#deps;
    const isNone = /not (?:a valid|an) external network/.test(exchange.error?.text ?? '');
    return isNone ? await things.of('networking', 'networks') : await things.externalNetwork();
  }

  /** Kinds that are best served by something in particular. */
  async #specialOf(kind: string, place: 'path' | 'body'): Promise<string | undefined> {
    const { cloud, things, service, exchange } = this.#deps;
    const { url, method, status } = exchange;
    if (service === 'compute') {
      if (kind === 'networks') return await cloud.privateNetwork();
      if (kind === 'images') return IMAGE;
      const access =
        url.endsWith('/os-flavor-access') || /TenantAccess/.test(JSON.stringify(exchange.body));
      if (kind === 'flavors' && access) return await things.make('compute', 'private-flavors');
      if (kind === 'os-hypervisors' || kind === 'os-services') {
        return await this.#listed(kind, exchange.version ?? '2.1');
      }
      if (kind === 'users') return await cloud.userOf('demo');
    }
    if (place === 'body' && status < 300) {
      if (kind === 'subnets' && url.endsWith('/add_router_interface')) {
        return await things.freeSubnet();
      }
      if (kind === 'ports' && url.endsWith('/add_router_interface')) return await things.freePort();
      if (url.endsWith('/remove_router_interface')) {
        return kind === 'ports' ? await things.interfacePort() : await things.routedSubnet();
      }
    }
    if (kind === 'subnets' && url.endsWith('/floatingips')) return await things.externalSubnet();
    if (kind === 'ports' && url.includes('/floatingips') && status < 300) {
      const [, ip] = ADDRESS.exec(JSON.stringify(exchange.body ?? null)) ?? [];
      return await things.reachedPort(ip);
    }
    // A router that was first named by something else.
    if (kind === 'id' && place === 'path' && url.includes('/routers/')) {
      return await things.of('networking', 'routers');
    }
    // Only ports of servers show their bindings.
    if (kind === 'ports' && url.includes('/bindings')) {
      return await things.of('compute', 'os-interface');
    }
    if (kind === 'projects' && service !== 'identity') return await cloud.projectOf('demo');
    if (kind === 'members' && place === 'body') return await things.make('identity', 'projects');
    if (kind === 'images' && place === 'path' && status < 300) {
      const fresh = method === 'PUT' && /\/(file|stage)$/.test(url);
      if (fresh || (status === 204 && url.endsWith('/file'))) {
        return await things.make('image', 'queued-images');
      }
      if (url.endsWith('/import')) return await things.make('image', 'staged-images');
    }
    return undefined;
  }

  /** The first of a list, by the id that it has in this version. */
  async #listed(kind: string, version: string): Promise<string> {
    const admin = this.#deps.cloud.as('admin');
    const { body } = await admin.get(`/compute/v2.1/${kind}`, {
      'openstack-api-version': `compute ${version}`,
    });
    const items = body[kind.replace('os-', '')] as { id: string | number; binary?: string }[];
    const one = items.find(({ binary }) => binary === undefined || binary === 'nova-compute');
    return String(one?.id);
  }

  /** A login that succeeded was of somebody who exists: here that is `demo`. */
  async #asDemo(body: Json | undefined): Promise<Json | undefined> {
    const { cloud } = this.#deps;
    const [user, project] = [await cloud.userOf('demo'), await cloud.projectOf('demo')];
    const token = await cloud.newToken('demo');
    const text = JSON.stringify(body, (name, value: unknown) => {
      if (name === 'token' && isJsonObject(value)) return { id: token };
      if (name === 'password' && typeof value === 'string') return 'secret';
      if (name === 'domain' && isJsonObject(value)) return { id: 'default' };
      if (!isJsonObject(value) || (name !== 'user' && name !== 'project')) return value;
      const { id: _, name: __, ...rest } = value;
      const named = 'name' in value ? { name: 'demo' } : { id: name === 'user' ? user : project };
      return { ...rest, ...named };
    });
    return JSON.parse(text) as Json;
  }
}
