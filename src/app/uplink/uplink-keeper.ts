/** Keeps the cloud's way to the host and the outside in step with the external networks that there are. */
import { isDeepStrictEqual } from 'node:util';
import { delay, orAborted } from '#base/async.ts';
import { subnetsOf, wantedLeg } from '#drivers/dataplane/linux/uplink/uplink-leg.ts';
import { isAlive, type ProcessMark } from '#drivers/processes.ts';
import { findYard, type Yard } from '#drivers/yard/yard.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { Logger } from '#platform/log.ts';
import { isTooWide } from '#platform/uplink-config.ts';
import { ensureHostLink, ensureHostLinkAbsent, isLinked } from './host-link.ts';
import { uplinkInode } from './into-uplink.ts';
import { ensureMasquerade, ensureNoMasquerade } from './masquerade.ts';
import { ensureNoOutbound, ensureOutbound } from './outbound.ts';
import { describeRange, findOverlap, hostRanges } from './overlap.ts';
import type { UplinkChoice } from './uplink-choice.ts';
import {
  findUplinkRecord,
  homeOf,
  removeUplinkRecord,
  writeUplinkRecord,
  type UplinkRecord,
} from './uplink-record.ts';

export type UplinkKeeperDeps = {
  readonly stateDir: string;
  readonly choice: UplinkChoice;
  readonly desired: DesiredHosts;
  /** The host whose networks these are. */
  readonly host: string;
  readonly log: Logger;
};

/** What was broken by others is found this often. */
const LOOK_MS = 5_000;
/** The agent makes the uplink's namespace in its own time. */
const SOON_MS = 50;

/** What there was when all was well. */
type Settled = { readonly inode: number | undefined; readonly subnets: readonly string[] };

export class UplinkKeeper {
  readonly #deps: UplinkKeeperDeps;
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;
  /** External networks that were seen last. */
  #external: ReadonlySet<string> = new Set();
  #nap = new AbortController();
  /** By which guests without root get out. */
  #program: ProcessMark | undefined;
  #settled: Settled | undefined;
  readonly #waiters: (() => void)[] = [];
  #told: readonly string[] = [];
  readonly #done: Promise<void>;

  constructor(deps: UplinkKeeperDeps) {
    this.#deps = { ...deps, stateDir: homeOf(deps.stateDir) };
    this.#unlisten = deps.desired.onChange(({ host, section, id, value }) => {
      if (host !== deps.host || section !== 'networks') return;
      // Most networks lead nowhere: they are made and go without a look at the host.
      const leadsOut = value !== null && 'uplink' in value && value.uplink !== null;
      if (leadsOut || this.#external.has(id)) this.#nap.abort();
    });
    this.#done = this.#keep();
  }

  /** Resolves when what there is now of external networks is linked, with what could not be done. */
  async settled(signal: AbortSignal): Promise<readonly string[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push(resolve);
    this.#nap.abort();
    await orAborted(promise, signal);
    return this.#told;
  }

  /** Follows no more, and leaves all as it is. */
  async close(): Promise<void> {
    this.#unlisten();
    this.#stop.abort();
    await this.#done;
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop;
    let soon = SOON_MS;
    while (!signal.aborted) {
      // Whoever wakes it from now on has it look again.
      this.#nap = new AbortController();
      const awake = AbortSignal.any([signal, this.#nap.signal]);
      let patience = LOOK_MS;
      try {
        const there = await this.#pass();
        if (!there) patience = soon;
        soon = there ? SOON_MS : Math.min(2 * soon, LOOK_MS);
      } catch (error) {
        if (signal.aborted) break;
        this.#tell([error instanceof Error ? error.message : String(error)], error);
        this.#answer();
      }
      await delay(patience, awake).catch(() => undefined); // it is woken, or closed
    }
  }

  /** False when the uplink is only about to be there. */
  async #pass(): Promise<boolean> {
    const { stateDir, choice } = this.#deps;
    const subnets = this.#subnets();
    const asked = choice.hostLink !== null || choice.outbound;
    if (!asked && this.#settled !== undefined) {
      // Nothing was asked for, and what earlier starts had is gone.
      this.#answer();
      return true;
    }
    const yard = findYard(stateDir);
    const inode = yard && uplinkInode(yard);
    if (asked && subnets.length > 0 && inode === undefined) return false;
    const now = { inode, subnets };
    if (isDeepStrictEqual(now, this.#settled) && (await this.#isWell(yard, subnets))) {
      this.#answer();
      return true;
    }
    this.#settled = undefined;
    const troubles = await this.#make(yard, subnets);
    this.#tell(troubles);
    if (isDeepStrictEqual(this.#subnets(), subnets)) {
      if (troubles.length === 0) this.#settled = now;
      this.#answer();
    }
    return true;
  }

  /** Brings everything in line. Returns what was left out, and why. */
  async #make(yard: Yard | undefined, subnets: readonly string[]): Promise<readonly string[]> {
    const { stateDir, choice } = this.#deps;
    const { hostLink, outbound } = choice;
    const { signal } = this.#stop;
    const root = process.geteuid?.() === 0;
    // A link of an earlier start that is called or addressed otherwise now, or not wanted.
    const before = findUplinkRecord(stateDir)?.hostLink ?? null;
    if (before && !isDeepStrictEqual(before, hostLink)) {
      await ensureNoMasquerade(before.name, { signal });
      await ensureHostLinkAbsent(before.name, stateDir, { signal });
    }
    const free: string[] = [];
    const troubles: string[] = [];
    const note = (part: Partial<UplinkRecord>) =>
      writeUplinkRecord(stateDir, { hostLink, reached: free, outbound: null, troubles, ...part });
    // Written first: whoever takes the cloud down finds what may have been made. What was wrong is so until this is over.
    if (hostLink || outbound) note({ troubles: this.#told });
    if (yard === undefined || subnets.length === 0) {
      if (hostLink) {
        await ensureNoMasquerade(hostLink.name, { signal });
        await ensureHostLinkAbsent(hostLink.name, stateDir, { signal });
      }
      await ensureNoOutbound(stateDir);
      return troubles;
    }
    if (hostLink) {
      const ranges = await hostRanges(yard.stateDir, signal);
      for (const subnet of subnets) {
        const range = findOverlap(subnet, ranges);
        if (isTooWide(subnet)) troubles.push(tooWide(subnet));
        else if (range === undefined) free.push(subnet);
        else troubles.push(notReached(subnet, describeRange(range)));
      }
      await ensureHostLink(yard, hostLink, { subnets: free, outbound }, { signal });
      if (outbound) await ensureMasquerade(hostLink.name, free, { signal });
      else await ensureNoMasquerade(hostLink.name, { signal });
      note({ outbound: outbound ? 'masquerade' : null });
    } else if (outbound && !root) {
      const { mark, program } = await ensureOutbound(yard, { signal });
      this.#program = mark;
      note({ outbound: program });
    }
    if (root || !outbound) await ensureNoOutbound(stateDir);
    return troubles;
  }

  /** Whether what was made is still there. */
  async #isWell(yard: Yard | undefined, subnets: readonly string[]): Promise<boolean> {
    const { stateDir, choice } = this.#deps;
    if (yard === undefined || subnets.length === 0) return true;
    if (choice.hostLink) {
      return await isLinked(choice.hostLink.name, stateDir, { signal: this.#stop.signal });
    }
    if (!choice.outbound) return true;
    return this.#program !== undefined && isAlive(this.#program);
  }

  #subnets(): readonly string[] {
    const { desired, host } = this.#deps;
    const legs = desired.ids(host, 'networks').flatMap((id) => {
      const network = desired.find(host, 'networks', id);
      return (network && wantedLeg(network)) ?? [];
    });
    this.#external = new Set(legs.map((leg) => leg.networkId));
    return subnetsOf(legs);
  }

  #answer(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Says each trouble once. */
  #tell(troubles: readonly string[], err?: unknown): void {
    const { stateDir, log } = this.#deps;
    for (const trouble of troubles) {
      if (!this.#told.includes(trouble)) log.warn({ err }, trouble);
    }
    // What was tried again has forgotten what it came to before.
    const record = findUplinkRecord(stateDir);
    if (record && !isDeepStrictEqual(troubles, record.troubles)) {
      writeUplinkRecord(stateDir, { ...record, troubles });
    }
    this.#told = troubles;
  }
}

/** Takes away whatever a cloud has made on the host, also when its control was killed. */
export async function removeUplink(named: string, signal: AbortSignal): Promise<void> {
  const stateDir = homeOf(named);
  const record = findUplinkRecord(stateDir);
  if (record?.hostLink) {
    await ensureNoMasquerade(record.hostLink.name, { signal });
    await ensureHostLinkAbsent(record.hostLink.name, stateDir, { signal });
  }
  if (record) await ensureNoOutbound(stateDir);
  removeUplinkRecord(stateDir);
}

function tooWide(subnet: string): string {
  return `The host does not reach ${subnet}: so wide a range would take away what it reaches otherwise.`;
}

function notReached(subnet: string, range: string): string {
  return `The host does not reach ${subnet}: it overlaps ${range}.`;
}
