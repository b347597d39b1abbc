/** A host in memory, for tests of compute: does at once what its document says, unless it is told to wait or to fail. */
import type { HostFacts, ServerObservation } from '#base/host/document.ts';
import type { DomainPower, DomainSpec } from '#base/host/domain.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';

export const FACTS: HostFacts = {
  host: 'node-1',
  hypervisorType: 'QEMU',
  accelerator: 'kvm',
  acceleratorReason: null,
  hypervisorVersion: 7_002_000,
  vcpus: 8,
  memoryMib: 65_536,
  diskGib: 500,
  cpuModel: 'host',
};

export class FakeHost {
  readonly facts: HostFacts;
  readonly guests = new Map<string, ServerObservation>();
  /** While true, nothing is done and nothing reported. */
  held = false;
  /** Throws what a test wants a server to fail with. */
  refuse: (spec: DomainSpec | null, id: string) => { code: string; message: string } | undefined =
    () => undefined;
  /** Specs as they were told, by server. */
  readonly told = new Map<string, DomainSpec[]>();
  #desired: DesiredHosts;
  #observed: ObservedHosts;
  #stop: () => void = () => undefined;

  constructor(desired: DesiredHosts, observed: ObservedHosts, facts = FACTS) {
    this.facts = facts;
    this.#desired = desired;
    this.#observed = observed;
    this.attach(desired, observed);
  }

  /** Listens to another control process; its guests stay as they are. */
  attach(desired: DesiredHosts, observed: ObservedHosts): void {
    this.#stop();
    this.#desired = desired;
    this.#observed = observed;
    this.#stop = desired.onChange((change) => {
      if (change.host !== this.facts.host || change.section !== 'servers') return;
      if (change.value) {
        const specs = this.told.get(change.id) ?? [];
        this.told.set(change.id, [...specs, change.value as DomainSpec]);
      }
      if (this.#observed.status(this.facts.host)?.connected !== true) return;
      setImmediate(() => this.#converge(change.id));
    });
  }

  connect(): void {
    this.#observed.connected(this.facts, new Date());
    for (const [id, seen] of this.guests) {
      this.#observed.observe(this.facts.host, 'servers', id, { ...seen, settled: 0 });
    }
    this.convergeAll();
    if (!this.held) this.#observed.listed(this.facts.host, this.#desired.revision(this.facts.host));
  }

  disconnect(): void {
    this.#observed.disconnected(this.facts.host, new Date());
  }

  /** Does all that is wanted and was not done. */
  convergeAll(): void {
    const { host } = this.facts;
    for (const id of new Set([...this.#desired.ids(host, 'servers'), ...this.guests.keys()])) {
      this.#converge(id);
    }
  }

  /** The guest ends by itself. */
  end(id: string, power: 'stopped' | 'crashed'): void {
    this.#report(id, { power, error: null });
  }

  close(): void {
    this.#stop();
  }

  #converge(id: string): void {
    if (this.held) return;
    const { host } = this.facts;
    const spec = this.#desired.find(host, 'servers', id) ?? null;
    const error = this.refuse(spec, id);
    if (error) {
      const before = this.guests.get(id);
      this.#report(id, {
        power: before?.power ?? 'absent',
        error,
        rebootCount: before?.rebootCount ?? 0,
      });
      return;
    }
    if (!spec) {
      this.guests.delete(id);
      this.#observed.observe(host, 'servers', id, {
        settled: this.#desired.revision(host),
        error: null,
        power: 'absent',
        rebootCount: 0,
        nics: [],
      });
      return;
    }
    this.#report(id, {
      power: spec.power,
      error: null,
      rebootCount: spec.reboot.count,
      nics: spec.nics
        .filter(({ portId }) => this.#desired.find(host, 'ports', portId))
        .map(({ slot, portId }) => ({ slot, portId })),
    });
  }

  #report(id: string, change: Partial<ServerObservation> & { power: DomainPower }): void {
    const { host } = this.facts;
    const before = this.guests.get(id) ?? { rebootCount: 0, nics: [], settled: 0, error: null };
    const seen = { ...before, settled: this.#desired.revision(host), ...change };
    this.guests.set(id, seen);
    this.#observed.observe(host, 'servers', id, seen);
  }
}
