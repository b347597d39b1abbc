/** QEMU's word for how a guest is, in ours. */
import { isJsonObject } from '#base/json.ts';
import { Fault } from '#platform/fault.ts';
import type { CallOptions } from '../hypervisor.ts';
import type { QmpConnection } from './qmp/connection.ts';

/**
 * `stuck`: paused by QEMU, because the host could not write its disk. `ended`: the guest has powered itself off, and QEMU waits for us to end it. `broken`: its CPUs
 * cannot go on; only a new start helps.
 */
export type GuestState = 'running' | 'paused' | 'stuck' | 'ended' | 'broken';

export async function readGuestState(
  qmp: QmpConnection,
  options: CallOptions,
): Promise<GuestState> {
  const answer = await qmp.execute('query-status', {}, options);
  const status = isJsonObject(answer) ? answer['status'] : undefined;
  return guestState(typeof status === 'string' ? status : 'unknown');
}

/** Asks the process at the socket for its UUID: the socket alone does not say who listens. */
export async function checkIdentity(
  qmp: QmpConnection,
  id: string,
  options: CallOptions,
): Promise<void> {
  const answer = await qmp.execute('query-uuid', {}, options);
  const uuid = isJsonObject(answer) ? answer['UUID'] : undefined;
  if (uuid === id) return;
  throw new Fault(
    'internal',
    'WrongDomain',
    `The control socket of server ${id} belongs to another virtual machine.`,
    { detail: { uuid } },
  );
}

/** Translates a `RunState` of QEMU; one that this program has never seen counts as paused. */
export function guestState(status: string): GuestState {
  switch (status) {
    case 'running':
      return 'running';
    case 'io-error':
      return 'stuck';
    case 'shutdown':
      return 'ended';
    case 'internal-error':
    case 'guest-panicked':
      return 'broken';
    default:
      return 'paused';
  }
}
