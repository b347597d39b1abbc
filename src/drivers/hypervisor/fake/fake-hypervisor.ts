/** Guests that only exist on paper, for API work without QEMU and for simulation at scale. */
import { join } from 'node:path';
import { duplexPair, type Duplex } from 'node:stream';
import type { ConsoleRef } from '#base/host/console.ts';
import type { DomainPower, DomainSpec, DomainState, NicSpec } from '#base/host/domain.ts';
import { checkNic, checkSpec, mustPlug } from '../domain-spec.rules.ts';
import { domainNotRunning, domainPaused, screenPretended } from '../hypervisor.faults.ts';
import type { CallOptions, Hypervisor, HypervisorInfo, StopHow } from '../hypervisor.ts';
import { lastLines } from '../last-lines.ts';
import { delay } from '#base/async.ts';
import { FakeMoods, type FakeBehaviour } from '../../fake/fake-moods.ts';
import { FakeGuests, type FakeGuest } from './fake-guest.ts';

/** The calls that can be slowed down or made to fail. */
export type FakeCall = Exclude<keyof Hypervisor, 'onChange' | 'close'>;

export type FakeHypervisorOptions = {
  /**
   * Where guests are remembered, in `fake-guests/`, and where `fake-hypervisor.json` may tell how to
   * misbehave (see `FakeBehaviour`), at any time; null to keep everything in memory.
   */
  readonly stateDir: string | null;
  readonly behaviour?: FakeBehaviour<FakeCall>;
  /** What the host seems to have; far more than any machine when absent. */
  readonly capacity?: Partial<Pick<HypervisorInfo, 'vcpus' | 'memoryMib' | 'diskGib'>>;
};

const CAPACITY = { vcpus: 1000, memoryMib: 8_000_000, diskGib: 600_000 };
const MOST_CONSOLE_CHARACTERS = 1 << 16;

/** Keeps every promise of `Hypervisor`, with nothing behind it. */
export class FakeHypervisor implements Hypervisor {
  readonly #guests: FakeGuests;
  readonly #moods: FakeMoods<FakeCall>;
  readonly #capacity: Pick<HypervisorInfo, 'vcpus' | 'memoryMib' | 'diskGib'>;
  readonly #listeners: ((id: string) => void)[] = [];
  readonly #viewers = new Map<Duplex, string>();

  constructor(options: FakeHypervisorOptions) {
    const { stateDir } = options;
    this.#guests = new FakeGuests(stateDir === null ? null : join(stateDir, 'fake-guests'));
    this.#moods = new FakeMoods(
      'hypervisor',
      options.behaviour ?? {},
      stateDir === null ? null : join(stateDir, 'fake-hypervisor.json'),
    );
    this.#capacity = { ...CAPACITY, ...options.capacity };
  }

  /** From now on it misbehaves like this. */
  setBehaviour(behaviour: FakeBehaviour<FakeCall>): void {
    this.#moods.set(behaviour);
  }

  /** The guest's process ends, and nobody has asked it to. */
  crash(id: string): void {
    this.#endByItself(id, 'crashed');
  }

  /** The guest powers itself off. */
  powerOff(id: string): void {
    this.#endByItself(id, 'stopped');
  }

  async info(options: CallOptions): Promise<HypervisorInfo> {
    await this.#misbehave('info', [], options);
    return {
      type: 'fake',
      accelerator: 'none',
      acceleratorReason: 'no guest really runs',
      version: 1_000,
      cpuModel: 'fake',
      ...this.#capacity,
    };
  }

  async list(options: CallOptions): Promise<readonly string[]> {
    await this.#misbehave('list', [], options);
    return this.#guests.ids();
  }

  async observe(id: string, options: CallOptions): Promise<DomainState> {
    await this.#apply('observe', id, options);
    const guest = this.#guests.find(id);
    if (!guest) return { power: 'absent', rebootCount: 0, nics: [] };
    const { power, rebootCount, nics } = guest;
    return { power, rebootCount, nics: isOn(guest) ? nics : [] };
  }

  async prepare(spec: DomainSpec, options: CallOptions): Promise<void> {
    await this.#misbehave('prepare', [spec.id, spec.name], options);
  }

  async ensureStarted(spec: DomainSpec, options: CallOptions): Promise<void> {
    checkSpec(spec);
    await this.#misbehave('ensureStarted', [spec.id, spec.name], options);
    if (isOn(this.#guests.find(spec.id))) return;
    const nics = spec.nics.toSorted((a, b) => a.slot - b.slot);
    this.#guests.save({
      id: spec.id,
      name: spec.name,
      power: spec.power === 'paused' ? 'paused' : 'running',
      rebootCount: spec.reboot.count,
      nics: nics.map(({ slot, portId }) => ({ slot, portId })),
      console: [`${spec.name} started`, ...nics.map(describeNic), ''].join('\n'),
    });
  }

  async ensurePaused(id: string, paused: boolean, options: CallOptions): Promise<void> {
    await this.#apply('ensurePaused', id, options);
    const guest = this.#getOn(id, paused ? 'paused' : 'continued');
    const power = paused ? 'paused' : 'running';
    if (guest.power !== power) this.#guests.save({ ...guest, power });
  }

  async ensureStopped(id: string, _how: StopHow, options: CallOptions): Promise<void> {
    await this.#apply('ensureStopped', id, options);
    this.#endConsoles(id);
    const guest = this.#guests.find(id);
    if (guest && guest.power !== 'stopped') this.#guests.save({ ...guest, power: 'stopped' });
  }

  async ensureNic(id: string, nic: NicSpec, options: CallOptions): Promise<void> {
    checkNic(nic);
    await this.#apply('ensureNic', id, options, nic.portId);
    const guest = this.#getOn(id, 'given a network card');
    if (!mustPlug(nic, guest.nics)) return;
    const { slot, portId } = nic;
    const nics = [...guest.nics, { slot, portId }].toSorted((a, b) => a.slot - b.slot);
    this.#guests.save(withLine({ ...guest, nics }, `${describeNic(nic)} added`));
  }

  async ensureNicAbsent(id: string, portId: string, options: CallOptions): Promise<void> {
    await this.#apply('ensureNicAbsent', id, options, portId);
    const guest = this.#guests.find(id);
    if (guest?.power === 'paused') throw domainPaused(id, portId);
    if (!isOn(guest) || !guest.nics.some((nic) => nic.portId === portId)) return;
    const nics = guest.nics.filter((nic) => nic.portId !== portId);
    this.#guests.save(withLine({ ...guest, nics }, `nic port=${portId} removed`));
  }

  async ensureAbsent(id: string, options: CallOptions): Promise<void> {
    await this.#apply('ensureAbsent', id, options);
    this.#endConsoles(id);
    this.#guests.delete(id);
  }

  async readConsole(id: string, lines: number | null, options: CallOptions): Promise<string> {
    await this.#apply('readConsole', id, options);
    const text = this.#guests.find(id)?.console ?? '';
    return lines === null ? text : lastLines(text, lines);
  }

  /** A serial port tells what was said so far, and then says again what is typed. */
  async openConsole({ server: id, type }: ConsoleRef, options: CallOptions): Promise<Duplex> {
    await this.#apply('openConsole', id, options);
    const guest = this.#getOn(id, 'watched');
    if (type === 'vnc') throw screenPretended(id);
    const [viewer, inner] = duplexPair();
    inner.write(guest.console);
    inner.pipe(inner);
    this.#viewers.set(inner, id);
    inner.once('close', () => this.#viewers.delete(inner));
    return viewer;
  }

  onChange(listener: (id: string) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    for (const id of new Set(this.#viewers.values())) this.#endConsoles(id);
    await Promise.resolve();
  }

  #endConsoles(id: string): void {
    for (const [inner, of] of this.#viewers) if (of === id) inner.unpipe(inner).end();
  }

  async #apply(method: FakeCall, id: string, options: CallOptions, portId?: string): Promise<void> {
    const name = this.#guests.find(id)?.name;
    const about = [id, name, portId].filter((each) => each !== undefined);
    await this.#misbehave(method, about, options);
  }

  /** Waits and fails as it is told to; a failure's `match` is one of the ids and names in `about`. */
  async #misbehave(
    method: FakeCall,
    about: readonly string[],
    options: CallOptions,
  ): Promise<void> {
    options.signal.throwIfAborted();
    const { delayMs } = this.#moods;
    // What a fake prepares is nothing, and takes no time.
    const asks =
      method === 'info' || method === 'list' || method === 'observe' || method === 'prepare';
    if (delayMs > 0 && !asks) await delay(delayMs, options.signal);
    const failure = this.#moods.take(
      method,
      (match) => match === undefined || about.includes(match),
    );
    if (failure) throw failure;
  }

  #getOn(id: string, verb: string): FakeGuest {
    const guest = this.#guests.find(id);
    if (isOn(guest)) return guest;
    throw domainNotRunning(id, verb);
  }

  #endByItself(id: string, power: Extract<DomainPower, 'stopped' | 'crashed'>): void {
    const guest = this.#getOn(id, 'ended');
    this.#guests.save({ ...guest, power });
    this.#endConsoles(id);
    for (const listener of this.#listeners) listener(id);
  }
}

function isOn(guest: FakeGuest | undefined): guest is FakeGuest {
  return guest?.power === 'running' || guest?.power === 'paused';
}

function withLine(guest: FakeGuest, line: string): FakeGuest {
  return { ...guest, console: `${guest.console}${line}\n`.slice(-MOST_CONSOLE_CHARACTERS) };
}

function describeNic({ slot, portId, mac }: NicSpec): string {
  return `nic slot=${slot} mac=${mac} port=${portId}`;
}
