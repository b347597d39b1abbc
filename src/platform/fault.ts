/**
 * Faults: every way a request or a step can go wrong, with no HTTP in it.
 *
 * A fault has two audiences. `message` is for the caller and may be shown to any
 * tenant; `cause` and `detail` are for the operator and only ever reach the log.
 * Each API turns a fault into its own wire body (see `http/fault-bodies.ts`).
 */
export type FaultKind =
  | 'invalid' // the request can never succeed as written
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict' // the request is fine, the state is not
  | 'over-quota'
  | 'no-capacity'
  | 'unavailable' // try again; nothing is known to be broken
  | 'too-large' // more bytes than are taken
  | 'precondition-failed' // the resource is no longer what the caller said it was
  | 'method-not-allowed'
  | 'not-acceptable' // a microversion or media type that is not served
  | 'unsupported-media-type'
  | 'not-implemented' // OpenStack has it, this deployment does not
  | 'internal'; // a bug, or a host in a state we never expect

export type FaultOptions = { cause?: unknown; detail?: Record<string, unknown> };

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  /** The name OpenStack clients match on, such as `PortNotFound`. */
  readonly code: string;
  readonly detail: Record<string, unknown>;

  constructor(kind: FaultKind, code: string, message: string, options: FaultOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.detail = options.detail ?? {};
  }

  /** True when doing the same thing again may work. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'no-capacity';
  }
}
