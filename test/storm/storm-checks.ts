/** What a server that floods, loops or lies does to the others of its network: as little as can be. */
import assert from 'node:assert/strict';
import { DEFAULT_STORM_CONTROL, type StormControl } from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';
import { until, type Check } from '../dataplane/check.ts';
import type { DataplaneWorld } from '../dataplane/world.ts';
import { flap } from './flap.ts';
import { ECHO_PORT } from './guests.ts';
import { Lan, NO_LIMITS } from './lan.ts';
import { bridgeCards } from './loop.ts';
import type { Probe } from './traffic.ts';

/** What the issue promises. */
const FOUND_WITHIN_MS = 1_000;
/** What an overloaded machine may lose by itself. */
const NEXT_TO_NOTHING = 0.02;
const SHOUT_MS = 50;
/** What may come at once is soon used up, so that a short loop shows what comes in the long run. */
const LIMITED = { ...DEFAULT_STORM_CONTROL, broadcast: { rate: 500, burst: 200 } };

const QUARANTINE: StormControl = { ...DEFAULT_STORM_CONTROL, loopAction: 'quarantine' };

export const stormChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'a loop through a guest is found within a second, and its frames are limited for everybody else',
    run: async (world) => {
      const limited = await loop(world, LIMITED);
      const unlimited = await loop(world, NO_LIMITS);
      assert.ok(limited.foundMs < FOUND_WITHIN_MS, `found after ${limited.foundMs} ms`);
      assert.ok(limited.loss <= NEXT_TO_NOTHING, `others lost ${limited.loss} during the loop`);
      assert.ok(limited.after <= NEXT_TO_NOTHING, `others lost ${limited.after} after it`);
      assert.ok(unlimited.after <= NEXT_TO_NOTHING, `others lost ${unlimited.after} after it`);
      const { rate, burst } = LIMITED.broadcast;
      // The one who shouts, and both cards of the one who loops.
      const most = 3 * (burst + rate * limited.seconds);
      assert.ok(limited.frames <= most, `${limited.frames} of at most ${most} frames came`);
      const [with_, without] = [limited, unlimited].map(({ frames, seconds }) => frames / seconds);
      assert.ok(
        Number(without) > 3 * Number(with_),
        `${without} /s unlimited, ${with_} /s limited`,
      );
    },
  },
  {
    name: 'a port that loops is cut within a second, others go on, and it is let in again when it is cleared',
    run: async (world) => {
      const storm = { ...QUARANTINE, holdSeconds: 0 };
      await using lan = await Lan.make(world, { storm, harmful: 'transparent', harmfulCards: 2 });
      const cut = await quarantined(lan);
      await lan.setStorm({ clears: 1 });
      await lan.untilState(cut, 'ok');
      await passesFrom(lan, cut);
    },
  },
  {
    name: 'a port that was cut is let in again when the hold time ends',
    run: async (world) => {
      const storm = { ...QUARANTINE, holdSeconds: 2 };
      await using lan = await Lan.make(world, { storm, harmful: 'transparent', harmfulCards: 2 });
      const cut = await quarantined(lan);
      await lan.untilState(cut, 'ok');
      await passesFrom(lan, cut);
    },
  },
  {
    name: 'strict ports cannot be bridged: no frame goes round, and the attempt is found within a second',
    run: async (world) => {
      const storm = DEFAULT_STORM_CONTROL;
      await using lan = await Lan.make(world, { storm, harmful: 'strict', harmfulCards: 2 });
      const { cards } = lan.guest('harmful');
      const [client] = portsOf(lan, 'client');
      const before = (await lan.countersOf(client)).txPackets;
      await using _loop = await bridgeCards(lan.guest('harmful'));
      const { sent, began } = await lan.shout(SHOUT_MS);
      const found = await lan.untilAny(portsOf(lan, 'harmful'), 'loop');
      assert.ok(found.at - began < FOUND_WITHIN_MS, `found after ${found.at - began} ms`);
      const got = (await lan.countersOf(client)).txPackets - before;
      assert.ok(got <= sent, `${sent} frames were sent, ${got} came`);
      for (const { port } of cards) {
        const { drops } = await lan.countersOf(port);
        assert.ok(drops.spoof.packets > 0, 'what came round was not dropped');
      }
      assert.ok((await lan.loss()) <= NEXT_TO_NOTHING);
    },
  },
  {
    name: 'a server that broadcasts at full speed is held to its rate, and others lose nothing',
    run: async (world) => {
      const storm = DEFAULT_STORM_CONTROL;
      await using lan = await Lan.make(world, { storm, harmful: 'strict', harmfulCards: 1 });
      const [shouter] = portsOf(lan, 'shouter');
      const [client] = portsOf(lan, 'client');
      const before = (await lan.countersOf(client)).txPackets;
      const began = performance.now();
      const [{ sent }, loss] = await Promise.all([lan.shout(1_000), lan.loss()]);
      const seconds = (performance.now() - began) / 1000;
      await lan.untilState(shouter, 'storm');
      const { rate, burst } = storm.broadcast ?? { rate: 0, burst: 0 };
      const { drops } = await lan.countersOf(shouter);
      const passed = sent - drops.storm.packets;
      assert.ok(drops.storm.packets > sent / 2, `of ${sent} only ${drops.storm.packets} dropped`);
      assert.ok(passed <= burst + rate * seconds, `${passed} of ${sent} passed`);
      const got = (await lan.countersOf(client)).txPackets - before;
      assert.ok(got <= burst + rate * seconds + PROBES_AND_ARP, `${got} frames came`);
      assert.ok(loss <= NEXT_TO_NOTHING, `others lost ${loss}`);
      await lan.untilState(shouter, 'ok');
    },
  },
  {
    name: 'a guest that flaps between its own MAC and that of another takes nothing from it, and is found',
    run: async (world) => {
      const storm = NO_LIMITS;
      await using lan = await Lan.make(world, { storm, harmful: 'transparent', harmfulCards: 1 });
      const [liar] = portsOf(lan, 'harmful');
      const [victim, third] = [lan.guest('server'), lan.guest('client')];
      const lies = flap(lan.guest('harmful'), { victim, third, milliseconds: 1_500 });
      const heard = await lan.untilAny([liar], 'loop');
      const { sent, received } = await lan
        .guest('client')
        .traffic<Probe>(...['probe', lan.guest('server').address, ECHO_PORT, 200, 2]);
      const { began } = await lies;
      assert.ok(heard.at - began < FOUND_WITHIN_MS, `found after ${heard.at - began} ms`);
      // Were the address taken for every other frame of the liar, it would be half of them.
      const loss = 1 - received / sent;
      assert.ok(loss <= 0.1, `the victim lost ${sent - received} of ${sent}`);
    },
  },
];

/** What else the client gets while it probes. */
const PROBES_AND_ARP = 300;

/** A loop for a moment: what others lost during and after it, and how many frames came to one who only listens. */
async function loop(world: DataplaneWorld, storm: StormControl) {
  await using lan = await Lan.make(world, { storm, harmful: 'transparent', harmfulCards: 2 });
  const [listener] = portsOf(lan, 'shouter');
  const before = (await lan.countersOf(listener)).txPackets;
  const began = performance.now();
  let found: number;
  let loss: number;
  {
    await using _loop = await bridgeCards(lan.guest('harmful'));
    const shouted = await lan.shout(SHOUT_MS);
    found = (await lan.untilAny(portsOf(lan, 'harmful'), 'loop')).at - shouted.began;
    loss = await lan.loss();
  }
  const frames = (await lan.countersOf(listener)).txPackets - before;
  const seconds = (performance.now() - began) / 1000;
  return { foundMs: found, loss, frames, seconds, after: await lan.loss() };
}

/** Lets the guest loop until one of its ports is cut, and returns that one; the bridge is gone then. */
async function quarantined(lan: Lan): Promise<PortSpec> {
  const ports = portsOf(lan, 'harmful');
  await using _loop = await bridgeCards(lan.guest('harmful'));
  const { began } = await lan.shout(SHOUT_MS);
  const { at, portId } = await lan.untilAny(ports, 'quarantined');
  assert.ok(at - began < FOUND_WITHIN_MS, `cut after ${at - began} ms`);
  const cut = ports.find(({ id }) => id === portId);
  assert.ok(cut);
  const { rxPackets, drops } = await lan.countersOf(cut);
  assert.ok(drops.quarantine.packets > 0, 'nothing was dropped');
  const [listener] = portsOf(lan, 'shouter');
  const before = (await lan.countersOf(listener)).txPackets;
  assert.ok((await lan.loss()) <= NEXT_TO_NOTHING);
  const round = (await lan.countersOf(listener)).txPackets - before;
  assert.ok(round < 10, `${round} frames came while the port was cut, ${rxPackets} from it in all`);
  return cut;
}

/** Waits until a card that was cut reaches the server again. */
async function passesFrom(lan: Lan, port: PortSpec): Promise<void> {
  const guest = lan.guest('harmful');
  const card = `eth${guest.cards.findIndex((one) => one.port.id === port.id)}`;
  await guest.exec('ip', 'addr', 'add', '10.70.9.9/16', 'dev', card);
  await until('the port lets frames through', async () => {
    const words = ['probe', lan.guest('server').address, ECHO_PORT, 5, 0] as const;
    return (await guest.traffic<Probe>(...words)).received > 0;
  });
}

type Some = readonly [PortSpec, ...PortSpec[]];

function portsOf(lan: Lan, who: Parameters<Lan['guest']>[0]): Some {
  return lan.guest(who).cards.map(({ port }) => port) as unknown as Some;
}
