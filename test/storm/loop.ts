/** A bridge in a guest between two of its cards on one network, which never stands longer than it may. */
import type { Guest } from './guests.ts';

const BRIDGE = 'loop';
/** Whatever becomes of the test, the loop is cut after so long. */
const LONGEST_SECONDS = 10;

/** Joins the guest's first two cards until the scope ends. */
export async function bridgeCards(guest: Guest): Promise<AsyncDisposable> {
  // Without snooping it says nothing of its own accord: what goes round is what others have sent.
  const how = ['stp_state', '0', 'forward_delay', '0', 'mcast_snooping', '0'];
  const make = ['link', 'add', BRIDGE, 'type', 'bridge', ...how];
  await guest.exec('ip', ...make);
  const cut = `sleep ${LONGEST_SECONDS}; ip link set ${BRIDGE} down`;
  const watchdog = guest.start('sh', '-c', cut);
  const loop = {
    [Symbol.asyncDispose]: async () => {
      await guest.exec('ip', 'link', 'del', BRIDGE);
      watchdog.kill();
    },
  };
  await using undo = new AsyncDisposableStack();
  undo.use(loop);
  for (const card of ['eth0', 'eth1'])
    await guest.exec('ip', 'link', 'set', card, 'master', BRIDGE);
  await guest.exec('ip', 'link', 'set', BRIDGE, 'up');
  undo.move();
  return loop;
}
