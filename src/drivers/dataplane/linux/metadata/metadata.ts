/** The metadata service of one host: a table and a socket in each namespace where guests ask. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PortFirewall } from '#base/host/firewall.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { Fault } from '#platform/fault.ts';
import type { Logger } from '#platform/log.ts';
import { fileMark } from '../../../processes.ts';
import type { Commands } from '../kernel.ts';
import { NETNS_DIR } from '../names.ts';
import { GuestLimits } from './guest-limits.ts';
import { HttpDoor } from './http-door.ts';
import { Identities } from './identities.ts';
import { openSocket } from './open-socket.ts';
import type { MetadataChange, Place } from './places.ts';
import { changeTable, egressTrial, makeTable, type Card } from './table.ts';

export type MetadataDeps = { readonly commands: Commands; readonly log: Logger };

type Answer = (question: MetadataQuestion) => Promise<HttpAnswer>;

/** A port that may ask. `claims`: the addresses that it can have, or say that it has; null when they are many. */
type Asker = {
  readonly mac: string;
  readonly number: number;
  readonly claims: readonly string[] | null;
};

type Kept = {
  readonly place: Place;
  /** Which namespace of this name it is. */
  readonly inode: number;
  /** By link and number; null when nobody knows what the kernel has. */
  inForce: ReadonlyMap<string, Card> | null;
  door: HttpDoor | null;
  opening: boolean;
};

/** Text for `sh -c`: lets answers come from addresses of a loopback by these links, and becomes `nft`. */
const ENTER = `
for link; do echo 1 >"/proc/sys/net/ipv4/conf/$link/route_localnet" || exit 1; done
exec nft -f -`;

const OPENED_WITHIN_MS = 20_000;
/** How many namespaces are brought in line side by side. */
const AT_ONCE = 4;

export class Metadata {
  readonly #deps: MetadataDeps;
  readonly #identities = new Identities();
  readonly #limits = new GuestLimits(() => performance.now());
  readonly #total = { open: 0 };
  /** By network and port. */
  readonly #askers = new Map<string, Map<string, Asker>>();
  /** The network of each port. */
  readonly #networks = new Map<string, string>();
  readonly #places = new Map<string, Kept>();
  readonly #stop = new AbortController();
  /** One socket is opened after the other: each costs the start of a process. */
  #opening: Promise<void> = Promise.resolve();
  #answer: Answer | undefined;
  #egress: boolean | undefined;

  constructor(deps: MetadataDeps) {
    this.#deps = deps;
  }

  /** From now on somebody listens. */
  answerWith(answer: Answer): void {
    this.#answer = answer;
    this.revive();
  }

  /** Whether answers are sent to the MAC that asked, whatever ARP says; known once `probe` was called. */
  get forced(): boolean {
    return this.#egress === true;
  }

  /** Finds out, by trying, what the kernel can do. */
  async probe(signal: AbortSignal): Promise<void> {
    if (this.#egress !== undefined) return;
    const input = egressTrial('lo');
    const { code, stderr } = await this.#deps.commands.attempt('nft', ['-f', '-'], {
      signal,
      input,
    });
    this.#egress = code === 0;
    if (!this.#egress) {
      this.#deps.log.warn(
        { stderr },
        'metadata: this kernel cannot say where answers go; networks where a port could claim the address of another get none',
      );
    }
  }

  /** Nobody is answered there any more: the namespace may go. */
  leave(namespace: string): void {
    const kept = this.#places.get(namespace);
    kept?.door?.close();
    this.#places.delete(namespace);
  }

  /** Brings tables in line with ports; says for which networks and routers it could not be done. Sockets follow by themselves. */
  async settle(change: MetadataChange, signal: AbortSignal): Promise<ReadonlyMap<string, Error>> {
    const touched = this.#take(change);
    for (const namespace of change.absentPlaces) this.leave(namespace);
    for (const place of change.places) {
      const { namespace } = place;
      const kept = this.#places.get(namespace);
      const inode = fileMark(join(NETNS_DIR, namespace))?.ino ?? 0;
      const fits = kept?.inode === inode && sameLinks(kept.place, place);
      if (fits && !change.renewed.has(place.id)) continue;
      kept?.door?.close();
      this.#places.set(namespace, { place, inode, inForce: null, door: null, opening: false });
    }
    const failures = new Map<string, Error>();
    const due = [...this.#places.values()].filter(
      ({ place, inForce }) =>
        inForce === null || [...place.links.values()].some((networkId) => touched.has(networkId)),
    );
    const next = due.values();
    const work = async () => {
      for (const kept of next) {
        try {
          await this.#enforce(kept, signal);
          this.#listen(kept);
        } catch (error) {
          signal.throwIfAborted();
          kept.inForce = null;
          failures.set(kept.place.id, placeFault(kept.place, error));
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, work));
    return failures;
  }

  /** Opens sockets again that could not be opened. */
  revive(): void {
    for (const kept of this.#places.values()) {
      if (kept.inForce !== null) this.#listen(kept);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the data plane is closed'));
    await this.#opening;
    for (const namespace of [...this.#places.keys()]) this.leave(namespace);
  }

  /** Takes in which ports there are; says on which networks something is different. */
  #take({ ports, absentPorts }: MetadataChange): ReadonlySet<string> {
    const touched = new Set<string>();
    const forget = (id: string) => {
      const networkId = this.#networks.get(id);
      const there = networkId !== undefined ? this.#askers.get(networkId) : undefined;
      const asker = there?.get(id);
      if (networkId === undefined || asker === undefined) return;
      touched.add(networkId);
      this.#networks.delete(id);
      there?.delete(id);
      if (there?.size === 0) this.#askers.delete(networkId);
      this.#identities.free(asker.number);
      this.#limits.forget(asker.number);
      for (const { door } of this.#places.values()) door?.dismiss(asker.number);
    };
    for (const id of absentPorts) forget(id);
    for (const { id, networkId, mac, firewall } of ports) {
      const claims = claimsOf(firewall);
      const has = this.#askers.get(networkId)?.get(id);
      if (has?.mac === mac && isDeepStrictEqual(has.claims, claims)) continue;
      forget(id);
      const there = this.#askers.get(networkId) ?? new Map<string, Asker>();
      this.#askers.set(
        networkId,
        there.set(id, { mac, number: this.#identities.give(id), claims }),
      );
      this.#networks.set(id, networkId);
      touched.add(networkId);
    }
    return touched;
  }

  async #enforce(kept: Kept, signal: AbortSignal): Promise<void> {
    const { place } = kept;
    const wanted = this.#cardsOf(place);
    const options = { links: [...place.links.keys()], alone: place.alone, egress: this.forced };
    const has = kept.inForce;
    // Where nobody can ask and nothing was ever made, nothing is.
    if (has === null && wanted.size === 0 && kept.door === null) return;
    const gone = lacking(has ?? new Map(), wanted);
    const come = lacking(wanted, has ?? new Map());
    if (has !== null && gone.length + come.length === 0) return;
    const text =
      has === null ? makeTable([...wanted.values()], options) : changeTable(gone, come, options);
    kept.inForce = null;
    const enter = [`--net=${join(NETNS_DIR, place.namespace)}`, '--'];
    const whole = ['sh', '-c', ENTER, 'sh', ...options.links];
    const nft = async (words: readonly string[], input: string) =>
      void (await this.#deps.commands.run('nsenter', [...enter, ...words], { signal, input }));
    try {
      await nft(has === null ? whole : ['nft', '-f', '-'], text);
    } catch (error) {
      signal.throwIfAborted();
      if (has === null) throw error;
      // What was believed to be there is not: all of it anew.
      await nft(whole, makeTable([...wanted.values()], options));
    }
    kept.inForce = wanted;
  }

  #cardsOf(place: Place): ReadonlyMap<string, Card> {
    const cards = new Map<string, Card>();
    for (const [link, networkId] of place.links) {
      const askers = [...(this.#askers.get(networkId)?.values() ?? [])];
      // Else one of them could claim the address of another, and be sent the answer.
      if (!this.forced && !areApart(askers)) continue;
      for (const { mac, number } of askers) cards.set(`${link} ${number}`, { link, mac, number });
    }
    return cards;
  }

  #listen(kept: Kept): void {
    const answer = this.#answer;
    if (answer === undefined || kept.door !== null || kept.opening || kept.inForce === null) return;
    kept.opening = true;
    const before = this.#opening;
    this.#opening = this.#openAfter(before, kept, answer);
  }

  /** Never rejects: what goes wrong is tried again. */
  async #openAfter(before: Promise<void>, kept: Kept, answer: Answer): Promise<void> {
    await before;
    const { namespace } = kept.place;
    const { log } = this.#deps;
    const current = () => this.#places.get(namespace) === kept && kept.inForce !== null;
    try {
      if (!current() || this.#stop.signal.aborted) return;
      const patience = AbortSignal.timeout(OPENED_WITHIN_MS);
      const signal = AbortSignal.any([this.#stop.signal, patience]);
      const socket = await openSocket(join(NETNS_DIR, namespace), signal);
      const door = new HttpDoor(socket, {
        holder: (number) => this.#identities.holder(number),
        answer,
        limits: this.#limits,
        total: this.#total,
        log,
      });
      if (current() && !this.#stop.signal.aborted) kept.door = door;
      else door.close();
    } catch (error) {
      if (current() && !this.#stop.signal.aborted) {
        log.error(
          { err: error, namespace },
          'metadata: nobody can ask there now; tried again soon',
        );
      }
    } finally {
      kept.opening = false;
    }
  }
}

function claimsOf(firewall: PortFirewall | null): readonly string[] | null {
  if (firewall?.mode !== 'strict') return null;
  const cidrs = firewall.pairs.map(({ cidr }) => cidr);
  return cidrs.every((cidr) => /^[^:]+\/32$|:.*\/128$/.test(cidr)) ? cidrs : null;
}

/** True when no two of them can have one address. */
function areApart(askers: readonly Asker[]): boolean {
  const claims = askers.flatMap((asker) => [...new Set(asker.claims)]);
  return askers.every((asker) => asker.claims !== null) && new Set(claims).size === claims.length;
}

function sameLinks(a: Place, b: Place): boolean {
  if (a.links.size !== b.links.size) return false;
  return [...a.links].every(([link, networkId]) => b.links.get(link) === networkId);
}

/** Those of `some` that are not so in `others`. */
function lacking(
  some: ReadonlyMap<string, Card>,
  others: ReadonlyMap<string, Card>,
): readonly Card[] {
  return [...some].filter(([key, card]) => !isSame(others.get(key), card)).map(([, card]) => card);
}

function isSame(a: Card | undefined, b: Card | undefined): boolean {
  return a?.link === b?.link && a?.mac === b?.mac && a?.number === b?.number;
}

function placeFault({ namespace }: Place, cause: unknown): Fault {
  const said = cause instanceof Fault ? cause.detail['stderr'] : undefined;
  const why = typeof said === 'string' && said !== '' ? `: ${said}` : '';
  const message = `Servers cannot ask for their metadata in ${namespace}${why}. It is tried again.`;
  return new Fault('internal', 'MetadataNotServed', message, { cause });
}
