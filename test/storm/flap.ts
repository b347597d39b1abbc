/** A guest whose card has its own MAC and that of another by turns, as fast as it can. */
import type { Guest } from './guests.ts';
import type { Flood } from './traffic.ts';

const ADDRESS = '10.70.9.9/16';

/** Sends as the liar's own card and as the victim's, to a third, for so long. */
export async function flap(
  liar: Guest,
  { victim, third, milliseconds }: { victim: Guest; third: Guest; milliseconds: number },
): Promise<Flood> {
  const [own, claimed, to] = [liar, victim, third].map(({ cards }) => cards[0]?.port.mac ?? '');
  await liar.exec('ip', 'addr', 'add', ADDRESS, 'dev', 'eth0');
  // Answers to questions would go to the victim; and whoever changes its MAC forgets what it was told.
  const neighbour = `ip neigh replace ${third.address} lladdr ${to} dev eth0 nud permanent`;
  const become = (mac: string | undefined) => `ip link set eth0 address ${mac}; ${neighbour}`;
  const flapping = `while :; do ${become(claimed)}; ${become(own)}; done`;
  const turns = liar.start('sh', '-c', flapping);
  try {
    return await liar.traffic<Flood>('flood', third.address, milliseconds);
  } finally {
    turns.kill();
  }
}
