/** What the agent needs of a hypervisor. */
import type { Duplex } from 'node:stream';
import type { ConsoleRef } from '#base/host/console.ts';
import type { DomainSpec, DomainState, NicSpec } from '#base/host/domain.ts';

export type CallOptions = { readonly signal: AbortSignal };

/** `soft` asks the guest first (ACPI), for up to `softTimeoutMs`; `hard` does not ask. */
export type StopHow = { readonly type: 'soft' | 'hard'; readonly softTimeoutMs?: number };

/** What a hypervisor says of itself and of its host. */
export type HypervisorInfo = {
  readonly type: 'QEMU' | 'fake';
  /** `kvm` only when a probe guest really ran under it. */
  readonly accelerator: 'kvm' | 'tcg' | 'none';
  /** Why `kvm` is not used, for people; null when it is. */
  readonly acceleratorReason: string | null;
  /** As Nova's integer: major * 1,000,000 + minor * 1,000 + micro. */
  readonly version: number;
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly diskGib: number;
  readonly cpuModel: string;
};

/**
 * A hypervisor runs domains on this host. It knows processes, disks and taps; it does
 * not know projects, quotas or the database.
 *
 * Every call is idempotent: asking for what is already so succeeds and changes nothing.
 * Calls for one domain are made one at a time; calls for different domains run side by side.
 * Every refusal is a `Fault` whose message a tenant may read and whose detail names paths and commands.
 */
export interface Hypervisor {
  /** Looks at the host once; slow the first time (it may start a probe guest), remembered on disk after. */
  info(options: CallOptions): Promise<HypervisorInfo>;
  /** Ids of all domains of which this host holds any trace: a process, a disk, a directory. */
  list(options: CallOptions): Promise<readonly string[]>;
  /**
   * What is really there, asked of the host and never of a cache. Finds guests that an earlier agent
   * started. A guest that has powered itself off is `stopped`, and what is left of it is put away.
   */
  observe(id: string, options: CallOptions): Promise<DomainState>;
  /**
   * Makes the disks of a domain that is not there yet, which takes no tap: so it can be done while those are
   * plugged. `ensureStarted` makes whatever is missing.
   */
  prepare(spec: DomainSpec, options: CallOptions): Promise<void>;
  /**
   * Makes disks and config drive where missing and starts the domain with the NICs of the spec in
   * their slots, paused when `spec.power` is `paused`; or leaves a running domain alone.
   */
  ensureStarted(spec: DomainSpec, options: CallOptions): Promise<void>;
  /** Halts or continues a running domain's CPUs. */
  ensurePaused(id: string, paused: boolean, options: CallOptions): Promise<void>;
  /** Ends the guest and keeps its disks. A guest that does not stop when asked is stopped. */
  ensureStopped(id: string, how: StopHow, options: CallOptions): Promise<void>;
  /** Plugs a card into a running or paused domain, in its slot. */
  ensureNic(id: string, nic: NicSpec, options: CallOptions): Promise<void>;
  /** Unplugs a card, waiting until the guest has let go of it; refused while the domain is paused. */
  ensureNicAbsent(id: string, portId: string, options: CallOptions): Promise<void>;
  /** Stops the domain and removes every trace of it, disks included. */
  ensureAbsent(id: string, options: CallOptions): Promise<void>;
  /** The last `lines` lines (all that is kept when null) of what the guest said on its serial console since it was started. */
  readConsole(id: string, lines: number | null, options: CallOptions): Promise<string>;
  /**
   * The console of a running or paused domain, both ways, for as many as want it at once. It ends when the domain does,
   * and what one who does not keep up with a serial port misses is in its log.
   */
  openConsole(console: ConsoleRef, options: CallOptions): Promise<Duplex>;
  /** Called with a domain's id whenever it may have changed by itself (ended, was paused). Losing a call only costs time. */
  onChange(listener: (id: string) => void): void;
  /** Closes connections. Domains keep running. */
  close(): Promise<void>;
}
