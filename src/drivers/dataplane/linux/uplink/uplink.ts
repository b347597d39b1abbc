/** The uplink: one namespace that is the provider's router of all external networks, there as long as there are any. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '#platform/log.ts';
import { fileMark } from '../../../processes.ts';
import type { DataplaneChange, DataplaneFailures } from '../../dataplane.ts';
import { applySteps, type Commands } from '../kernel.ts';
import { NETNS_DIR, UPLINK_LINK, UPLINK_NAMESPACE } from '../names.ts';
import type { Step } from '../plan.ts';
import {
  readUplink,
  type AddressedLinkJson,
  type RouteJson,
  type UplinkFacts,
} from './uplink-facts.ts';
import { subnetsOf, wantedLeg, type UplinkLeg } from './uplink-leg.ts';
import { planNoUplink, planUplink, WHOLE_UPLINK } from './uplink-plan.ts';
import { uplinkRules } from './uplink-rules.ts';

export type UplinkDeps = { readonly commands: Commands; readonly log: Logger };

const NAMESPACE = join(NETNS_DIR, UPLINK_NAMESPACE);
const NO_IPV6 = `/proc/sys/net/ipv6/conf/${UPLINK_LINK}/disable_ipv6`;

/** Puts the rules in force first, and only then lets the namespace forward. */
const FURNISH = `
nft -f - || exit 1
put() { [ ! -e "$1" ] || echo "$2" >"$1"; }
put /proc/sys/net/ipv4/conf/all/arp_ignore 1
put /proc/sys/net/ipv4/conf/all/send_redirects 0
put /proc/sys/net/ipv4/conf/default/send_redirects 0
put /proc/sys/net/ipv6/conf/all/forwarding 1
put /proc/sys/net/ipv4/ip_forward 1`;

/** A namespace that was being made when an agent was killed is a file on which nothing is mounted: it goes. */
function hasNamespace(): boolean {
  const mark = fileMark(NAMESPACE);
  if (mark === undefined) return false;
  if (mark.dev === fileMark('/proc/self/ns/net')?.dev) return true;
  rmSync(NAMESPACE);
  return false;
}

export class Uplink {
  readonly #deps: UplinkDeps;
  /** By network id. */
  readonly #legs = new Map<string, UplinkLeg>();
  /** What is there is known to be what the legs ask for. */
  #sure = false;

  constructor(deps: UplinkDeps) {
    this.#deps = deps;
  }

  /** The next `settle` looks at what is there, whatever was done before. */
  doubt(): void {
    this.#sure = false;
  }

  /** Follows a change whose networks' bridges are there. Returns what could not be done, by network id. */
  async settle(change: DataplaneChange, signal: AbortSignal): Promise<DataplaneFailures> {
    for (const id of change.absentNetworks) this.#want(id, null);
    for (const network of change.networks) this.#want(network.id, wantedLeg(network));
    if (this.#sure) return new Map();
    const failures = await this.#make(signal);
    this.#sure = failures.size === 0;
    const all = failures.get(WHOLE_UPLINK);
    const told = new Map<string, Error>();
    for (const { id } of change.networks) {
      const error = failures.get(id) ?? (this.#legs.has(id) ? all : undefined);
      if (error !== undefined) told.set(id, error);
    }
    if (told.size === 0 && failures.size > 0) {
      const [err] = failures.values();
      this.#deps.log.error({ err }, 'the uplink could not be brought in line');
    }
    return told;
  }

  #want(id: string, leg: UplinkLeg | null): void {
    if (isDeepStrictEqual(this.#legs.get(id) ?? null, leg)) return;
    this.#sure = false;
    if (leg === null) this.#legs.delete(id);
    else this.#legs.set(id, leg);
  }

  async #make(signal: AbortSignal): Promise<DataplaneFailures> {
    const { commands } = this.#deps;
    const legs = [...this.#legs.values()];
    const there = hasNamespace();
    if (legs.length === 0) {
      if (!there) return new Map();
      return await this.#take(planNoUplink(await this.#look(signal)), { signal });
    }
    if (!there) await commands.run('ip', ['netns', 'add', UPLINK_NAMESPACE], { signal });
    const input = uplinkRules(subnetsOf(legs));
    const words = [`--net=${NAMESPACE}`, '--', 'sh', '-c', FURNISH];
    await commands.run('nsenter', words, { signal, input });
    const plan = planUplink(legs, await this.#look(signal));
    const failures = new Map(await this.#take(plan.links, { signal }));
    const namespace = UPLINK_NAMESPACE;
    const inside = await this.#take(plan.inside, { signal, namespace });
    // The yard itself has no IPv6 on other links: it never speaks on tenants' networks.
    if (existsSync(NO_IPV6)) writeFileSync(NO_IPV6, '0');
    const routes = await this.#take(plan.routes, { signal });
    const fdb = await this.#take(plan.fdb, { signal, tool: 'bridge' });
    for (const found of [inside, routes, fdb]) {
      for (const [id, error] of found) if (!failures.has(id)) failures.set(id, error);
    }
    return failures;
  }

  async #look(signal: AbortSignal): Promise<UplinkFacts> {
    const ip = async (...args: readonly string[]) =>
      JSON.parse((await this.#deps.commands.run('ip', ['-json', ...args], { signal })) || '[]');
    const [yard, namespace, routes4, routes6] = await Promise.all([
      ip('addr', 'show'),
      ip('-netns', UPLINK_NAMESPACE, 'addr', 'show'),
      ip('-4', 'route', 'show', 'table', 'main'),
      ip('-6', 'route', 'show', 'table', 'main'),
    ]);
    return readUplink(yard as AddressedLinkJson[], namespace as AddressedLinkJson[], [
      ...(routes4 as RouteJson[]),
      ...(routes6 as RouteJson[]),
    ]);
  }

  async #take(
    steps: readonly Step[],
    options: Parameters<typeof applySteps>[2],
  ): Promise<DataplaneFailures> {
    return (await applySteps(steps, this.#deps.commands, options)).failures;
  }
}
