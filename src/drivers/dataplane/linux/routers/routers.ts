/** Makes routers real: a namespace each, with its links, addresses, routes, translation and advertisements. */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { KeyedQueue } from '#base/async.ts';
import type { RouterSpec } from '#base/host/routers.ts';
import { Fault } from '#platform/fault.ts';
import type { Logger } from '#platform/log.ts';
import type { DataplaneChange } from '../../dataplane.ts';
import type { HostUser } from '../dhcp/dnsmasq-user.ts';
import { applySteps, type Commands } from '../kernel.ts';
import { routerGatewayName, routerNamespace } from '../names.ts';
import type { Step } from '../plan.ts';
import { Advertisers } from './advertisers.ts';
import { flowsToCut } from './flows-to-cut.ts';
import { natScripts } from './nat-table.ts';
import { MAY_FAIL, planAbsent, planAnnouncement, planRouter } from './plan-router.ts';
import { radvdConf } from './radvd-conf.ts';
import { namespaceMark, namespacePath, readRouter, type RoutersFacts } from './read-router.ts';
import { linksOf, wantedRouter, type RouterFacts, type RouterLinkFacts } from './router-facts.ts';
import { NO_RECORD, readRecord, writeRecord, type RouterRecord } from './router-record.ts';
import { SET_SWITCHES } from './switches.ts';

export type RoutersDeps = {
  /** Where each router has a directory named after it. */
  readonly directory: string;
  /** Whom `radvd` becomes. */
  readonly user: HostUser | null;
  readonly commands: Commands;
  readonly log: Logger;
};

type Announcement = { readonly names: ReadonlySet<string>; readonly timer: NodeJS.Timeout };

/** How many are changed side by side. */
const AT_ONCE = 4;

/** Neighbours are told again: the first time a bridge may not have been ready, or a frame been lost. */
const ANNOUNCE_AGAIN_MS = 1_000;

export class Routers {
  readonly #deps: RoutersDeps;
  readonly #advertisers: Advertisers;
  readonly #queue = new KeyedQueue();
  readonly #records = new Map<string, RouterRecord>();
  readonly #announcements = new Map<string, Announcement>();
  /** By port id: what was last seen, kept in step with what is done. */
  #links = new Map<string, RouterLinkFacts>();
  #namespaces: ReadonlySet<string> = new Set();
  #strays: readonly string[] = [];

  constructor(deps: RoutersDeps) {
    this.#deps = deps;
    this.#advertisers = new Advertisers(deps);
  }

  /** What a look at the kernel has shown. */
  found({ namespaces, links, strays }: RoutersFacts): void {
    this.#namespaces = namespaces;
    this.#links = new Map(links);
    this.#strays = strays;
  }

  /** Ids of routers of which anything was there at the last look, or is filed. */
  ids(): readonly string[] {
    const linked = [...this.#links.values()].map((link) => link.routerId);
    return [...new Set([...this.#namespaces, ...linked, ...this.#filed()])];
  }

  /**
   * Brings routers in line, each by itself; what could not be done, by id. `isHere`: whether a network is on this host.
   */
  async settle(
    change: Pick<DataplaneChange, 'routers' | 'absentRouters'>,
    options: { readonly isHere: (networkId: string) => boolean; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, Error>> {
    const { isHere, signal } = options;
    const failures = new Map<string, Error>();
    const blamed = async (id: string, task: () => Promise<void>) => {
      try {
        await task();
      } catch (error) {
        signal.throwIfAborted();
        failures.set(id, error instanceof Error ? error : new Error(String(error)));
      }
    };
    if (this.#strays.length > 0) await this.#clearStrays(signal);
    // An address that moves leaves the one router before the other tells of it.
    for (const id of change.absentRouters) {
      await blamed(id, async () => await this.ensureAbsent(id, signal));
    }
    const holders = new Map([...this.#links.values()].map((link) => [link.name, link.routerId]));
    const placed: RouterSpec[] = [];
    for (const router of change.routers) {
      const fault = placeFault(router, { isHere, holders });
      if (fault !== null) failures.set(router.id, fault);
      else placed.push(router);
    }
    const { losing = [], others = [] } = Object.groupBy(placed, (router) =>
      this.#isLosing(router) ? 'losing' : 'others',
    );
    for (const some of [losing, others]) {
      const next = some.values();
      const work = async () => {
        for (const router of next) {
          await blamed(router.id, async () => await this.ensure(router, signal));
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, some.length) }, work));
    }
    return failures;
  }

  /** Takes away what an agent that was killed had begun to make. */
  async #clearStrays(signal: AbortSignal): Promise<void> {
    const strays = this.#strays;
    this.#strays = [];
    const steps = strays.map((name) => ({ id: MAY_FAIL, line: `link del dev ${name}` }));
    await applySteps(steps, this.#deps.commands, { signal });
  }

  /** Makes the router exactly so. Nothing is done for one that is so already. */
  async ensure(router: RouterSpec, signal: AbortSignal): Promise<void> {
    await this.#queue.run(router.id, async () => await this.#ensure(router, signal));
  }

  /** Removes every trace of the router. */
  async ensureAbsent(id: string, signal: AbortSignal): Promise<void> {
    await this.#queue.run(id, async () => {
      clearTimeout(this.#announcements.get(id)?.timer);
      this.#announcements.delete(id);
      await this.#advertisers.ensureAbsent(id, this.#directory(id));
      const outer = new Map([...this.#links].filter(([, link]) => link.routerId === id));
      const namespace = namespaceMark(id) !== undefined;
      await this.#take(planAbsent(id, { namespace, outer }), { id, signal });
      for (const portId of outer.keys()) this.#links.delete(portId);
      await rm(this.#directory(id), { recursive: true, force: true });
      this.#advertisers.forget(id);
      this.#records.delete(id);
    });
  }

  /** Starts `radvd` again wherever it has ended though nobody asked it to. */
  async revive(): Promise<void> {
    for (const id of this.#records.keys()) {
      if (!this.#advertisers.isFallen(id)) continue;
      this.#deps.log.warn({ router: id }, 'radvd had ended and is started again');
      try {
        await this.#queue.run(id, async () => {
          const { specs, settled } = this.#record(id);
          const [router] = specs;
          const signal = AbortSignal.timeout(10_000);
          if (router !== undefined && settled) await this.#advertise(router, signal);
        });
      } catch (error) {
        this.#deps.log.error({ router: id, err: error }, 'radvd does not start');
      }
    }
  }

  async close(): Promise<void> {
    for (const { timer } of this.#announcements.values()) clearTimeout(timer);
    this.#announcements.clear();
    await this.#queue.idle();
  }

  async #ensure(router: RouterSpec, signal: AbortSignal): Promise<void> {
    const { id } = router;
    const record = this.#record(id);
    const was = this.#asRecorded(id, record);
    if (was !== undefined && isDeepStrictEqual(was.spec, router)) {
      await this.#advertise(router, signal);
      return;
    }
    const isTried = isDeepStrictEqual(record.specs.at(-1), router);
    const specs = isTried ? record.specs : [...record.specs, router];
    this.#remember(id, { namespace: record.namespace, specs, settled: false });
    try {
      await this.#change(router, { has: was?.facts, specs, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (was === undefined) throw error;
      // What was believed may be out of date: look, and try once more.
      await this.#change(router, { has: undefined, specs, signal });
    }
    const namespace = namespaceMark(id) ?? null;
    this.#remember(id, { namespace, specs: [router], settled: true });
  }

  /** What the record says, where nothing speaks against it. */
  #asRecorded(
    id: string,
    { namespace, specs, settled }: RouterRecord,
  ): { readonly spec: RouterSpec; readonly facts: RouterFacts } | undefined {
    const [spec] = specs;
    if (!settled || spec === undefined || namespaceMark(id) !== namespace) return undefined;
    const facts = wantedRouter(spec);
    const links = new Map([...this.#links].filter(([, link]) => link.routerId === id));
    return isDeepStrictEqual(links, facts.outer) ? { spec, facts } : undefined;
  }

  /** `specs`: all that the router may be or have been since it was last surely one. `has`: undefined to ask the kernel. */
  async #change(
    router: RouterSpec,
    options: {
      readonly has: RouterFacts | undefined;
      readonly specs: readonly RouterSpec[];
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { specs, signal } = options;
    const { commands } = this.#deps;
    const { id } = router;
    const has = options.has ?? (await readRouter(id, commands, signal));
    const wanted = wantedRouter(router);
    const plan = planRouter(id, linksOf(router), { wanted, has });
    // It says goodbye while there is a link to say it on.
    if (radvdConf(router) === '') await this.#advertisers.ensureAbsent(id, this.#directory(id));
    for (const portId of has.outer.keys()) this.#links.delete(portId);
    await this.#take(plan.outer, { id, signal });
    // Rules come before the addresses that need them, and flows end after the rules that began them.
    const was = options.has === undefined || plan.switches ? undefined : specs[0];
    const [first, ...more] = natScripts(was, router);
    if (plan.switches) {
      const words = ['sh', '-c', SWITCHES_AND_RULES, 'sh', gatewayOf(router)];
      await this.#inside(id, words, { signal, input: first ?? '' });
    } else if (first !== undefined) {
      await this.#inside(id, RULES, { signal, input: first });
    }
    for (const input of more) await this.#inside(id, RULES, { signal, input });
    const namespace = routerNamespace(id);
    await Promise.all([
      first === undefined ? undefined : this.#cut(router, { specs, signal }),
      this.#take(plan.inner, { id, namespace, signal }),
      this.#take(plan.fdb, { id, tool: 'bridge', signal }),
    ]);
    for (const [portId, link] of wanted.outer) this.#links.set(portId, link);
    await this.#advertise(router, signal);
    if (plan.announced.size > 0) this.#announceAgain(id, plan.announced.keys());
  }

  /** Whether it has an address to give away. */
  #isLosing({ id, floatingIps, forwardings }: RouterSpec): boolean {
    const kept = new Set([...floatingIps, ...forwardings].map((one) => one.floatingIp));
    const had = this.#records
      .get(id)
      ?.specs.flatMap((was) => [...was.floatingIps, ...was.forwardings]);
    return had?.some((one) => !kept.has(one.floatingIp)) ?? false;
  }

  async #take(
    steps: readonly Step[],
    options: {
      readonly id: string;
      readonly signal: AbortSignal;
      readonly namespace?: string;
      readonly tool?: 'ip' | 'bridge';
    },
  ): Promise<void> {
    const { failures } = await applySteps(steps, this.#deps.commands, options);
    const failure = failures.get(options.id);
    if (failure !== undefined) throw failure;
  }

  /** Runs a command in the router's namespace. */
  async #inside(
    id: string,
    words: readonly string[],
    options: { readonly signal: AbortSignal; readonly input?: string },
  ): Promise<string> {
    const enter = [`--net=${namespacePath(id)}`, '--', ...words];
    return await this.#deps.commands.run('nsenter', enter, options);
  }

  /** Ends flows that are translated as none is any more. */
  async #cut(
    router: RouterSpec,
    options: { readonly specs: readonly RouterSpec[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const { specs, signal } = options;
    const lines = new Set<string>();
    for (const before of specs.slice(0, -1)) {
      const { among, choose } = flowsToCut(before, router);
      if (among.length === 0) continue;
      const words = ['sh', '-c', LIST_FLOWS, 'sh', among.join('\n')];
      for (const line of choose(await this.#inside(router.id, words, { signal }))) lines.add(line);
    }
    if (lines.size === 0) return;
    const input = [...lines].map((line) => `-D ${line}\n`).join('');
    await this.#inside(router.id, ['sh', '-c', CUT_FLOWS], { signal, input });
  }

  async #advertise(router: RouterSpec, signal: AbortSignal): Promise<void> {
    const directory = this.#directory(router.id);
    await this.#advertisers.ensure(router.id, radvdConf(router), { directory, signal });
  }

  /** `links`: names of their inner ends. */
  #announceAgain(id: string, links: Iterable<string>): void {
    const before = this.#announcements.get(id);
    clearTimeout(before?.timer);
    const names = new Set([...(before?.names ?? []), ...links]);
    const again = async () => {
      this.#announcements.delete(id);
      const { specs, settled } = this.#record(id);
      const there = settled && specs[0] !== undefined ? linksOf(specs[0]) : [];
      const told = there.filter((link) => names.has(link.inner));
      const steps = planAnnouncement(id, new Map(told.map((link) => [link.inner, link.mac])));
      const signal = AbortSignal.timeout(10_000);
      await this.#take(steps, { id, namespace: routerNamespace(id), signal });
    };
    const run = () => {
      this.#queue.run(id, again).catch((error: unknown) => {
        const fields = { router: id, err: error };
        this.#deps.log.warn(fields, 'neighbours could not be told again of a router');
      });
    };
    this.#announcements.set(id, { names, timer: setTimeout(run, ANNOUNCE_AGAIN_MS).unref() });
  }

  #record(id: string): RouterRecord {
    const record = this.#records.get(id) ?? readRecord(this.#directory(id));
    if (record !== NO_RECORD) this.#records.set(id, record);
    return record;
  }

  #remember(id: string, record: RouterRecord): void {
    if (!this.#records.has(id)) {
      const directory = this.#directory(id);
      mkdirSync(directory, { recursive: true });
      // `radvd` reads its file again as another user.
      for (const path of [this.#deps.directory, directory]) chmodSync(path, 0o755);
    }
    this.#records.set(id, record);
    writeRecord(this.#directory(id), record);
  }

  #directory(id: string): string {
    return join(this.#deps.directory, id);
  }

  #filed(): readonly string[] {
    try {
      return readdirSync(this.#deps.directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** Why there is no place for this router here; null when there is, and its links' names are its own from now on. */
function placeFault(
  router: RouterSpec,
  options: {
    readonly isHere: (networkId: string) => boolean;
    /** Routers by names of links. */
    readonly holders: Map<string, string>;
  },
): Fault | null {
  const { isHere, holders } = options;
  const links = linksOf(router);
  const cannot = `The router ${router.id} cannot be plugged`;
  for (const { portId, networkId, outer } of links) {
    if (!isHere(networkId)) {
      const message = `${cannot}: network ${networkId} of its port ${portId} is not on this host.`;
      return new Fault('unavailable', 'NetworkNotOnHost', message);
    }
    const holder = holders.get(outer) ?? router.id;
    if (holder !== router.id) {
      const message = `${cannot}: router ${holder} has the link '${outer}' of its port ${portId}.`;
      return new Fault('conflict', 'LinkTaken', message);
    }
  }
  for (const { outer } of links) holders.set(outer, router.id);
  return null;
}

/** Flows that show one of the words, a line each, in $1. A look at none still takes 10 ms: it is left out. */
const LIST_FLOWS = `
read -r count </proc/sys/net/netfilter/nf_conntrack_count
[ "$count" -gt 0 ] || exit 0
{ conntrack -L -f ipv4 || kill $$; } | grep -F -w "$1"
:`;

/** Its standard input is opened by name, so it must be a pipe. */
const CUT_FLOWS = 'cat | conntrack --load-file -';

const RULES = ['nft', '-f', '-'];
const SWITCHES_AND_RULES = `${SET_SWITCHES}exec nft -f -`;

function gatewayOf({ gateway }: RouterSpec): string {
  return gateway === null ? '' : routerGatewayName(gateway.portId);
}
