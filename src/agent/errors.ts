/** What of an error may leave the host: a tenant may come to read it. */
import type { ObservedError } from '#base/host/document.ts';
import { Fault } from '#platform/fault.ts';

/** A fault says for itself what may be shown; anything else stays in the agent's log. */
export function observedError(error: unknown): ObservedError {
  if (error instanceof Fault) return { code: error.code, message: error.message };
  return { code: 'InternalError', message: 'The host could not do this; its log says why.' };
}

/** Turns what was observed back into a fault. */
export function observedFault({ code, message }: ObservedError): Fault {
  return new Fault('internal', code, message);
}
