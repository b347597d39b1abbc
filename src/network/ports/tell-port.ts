/** Tells what has become of a port that was changed. */
import { toldOf } from '../binding/port-specs.ts';
import type { NetworkDeps } from '../network-deps.ts';
import type { Port } from './whole-port.store.ts';

/** After the commit: hosts first, so that whoever hears the event finds them told. */
export async function tellPort(
  { hosts, events }: Pick<NetworkDeps, 'hosts' | 'events'>,
  before: Port,
  after: Port,
): Promise<void> {
  if (toldOf(before) !== toldOf(after)) {
    await hosts.portsChanged(after.row.network_id, [after.row.id]);
  }
  const was = before.row.status === 'ACTIVE';
  const is = after.row.status === 'ACTIVE';
  if (was !== is) events.emit(is ? 'plugged' : 'unplugged', is ? after.row : before.row);
  events.emit('changed', after.row);
}
