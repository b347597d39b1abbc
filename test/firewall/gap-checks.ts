/** No gap: changes, a restarted agent and refused rules lose nothing that is allowed and let in nothing that is not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DEFAULT_STORM_CONTROL } from '#base/host/firewall.ts';
import { attempt, run } from '../../src/drivers/run.ts';
import type { DataplaneChange } from '../../src/drivers/dataplane/dataplane.ts';
import type { Check } from '../dataplane/check.ts';
import { changeOf, networkOf, openPlane, portOf, type DataplaneWorld } from '../dataplane/world.ts';
import { Exchange } from './exchange.ts';
import {
  groupOf,
  guestOn,
  inGroups,
  memberOf,
  outwardGroup,
  rule,
  type Guest,
} from './flow-scene.ts';
import { ip } from './hosts.ts';

/** Fewer where everything takes longer. */
const CHANGES = Number(process.env['FIREWALL_CHANGES'] ?? 50);
const RESTARTS = 5;

export const gapChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'during many changes no packet of an allowed flow is lost, and no forbidden one comes',
    run: async (world) => {
      await using plane = openPlane(world);
      const scene = openScene();
      await plane.apply(scene.all);
      await using exchange = await Exchange.open(world, scene.all.ports);
      using streams = new Streams(exchange, scene);
      for (let number = 0; number < CHANGES; number += 1) {
        await plane.apply(changeNumber(number, scene));
        await streams.pass(3);
      }
      await streams.expectNoGap();
      await plane.apply(scene.nothing);
    },
  },
  {
    name: 'nor while the agent ends and another takes over what is there',
    run: async (world) => {
      const scene = openScene();
      await using first = openPlane(world);
      await first.apply(scene.all);
      await using exchange = await Exchange.open(world, scene.all.ports);
      using streams = new Streams(exchange, scene);
      for (let number = 0; number < RESTARTS; number += 1) {
        await using plane = openPlane(world);
        await plane.apply(scene.all);
        await streams.pass(15);
        // A change that it missed is made by the first that knows of it.
        await plane.apply({ groups: [{ ...scene.inward, rules: scene.inward.rules.slice(0, 1) }] });
        await streams.pass(15);
      }
      await streams.expectNoGap();
      await using last = openPlane(world);
      await last.apply(scene.all);
      await last.apply(scene.nothing);
    },
  },
  {
    name: 'rules that the kernel refuses are named, and leave those before in force',
    run: async (world) => {
      const scene = openScene();
      const { client, server, inward, outward } = scene;
      const refused = rule('ingress', { ports: { min: 3000, max: 3000 } });
      let refusing = '';
      await using plane = openPlane(world, 60_000, {
        attempt,
        run: async (command, args, options) => {
          if (command === 'nft' && refusing !== '' && options.input?.includes(refusing)) {
            throw new Error('No such luck');
          }
          return await run(command, args, options);
        },
      });
      await plane.apply(scene.all);
      await using exchange = await Exchange.open(world, scene.all.ports);
      const verdicts = async (...ports: readonly number[]) => {
        const sent = ports.map((port) => ({
          from: client.port.id,
          packet: ip(4, client, server, 'udp', 1000, port),
        }));
        return (await exchange.send(sent)).map((holders) => holders.includes(server.port.id));
      };
      assert.deepEqual(await verdicts(2000, 3000), [true, false]);
      // Group and members together: the group is refused, and what else was asked for is done.
      refusing = refused.id;
      const other = groupOf([rule('ingress', { ports: { min: 4000, max: 4000 } })]);
      const change = changeOf({
        groups: [{ ...inward, rules: [refused] }, other],
        ports: [inGroups(server, [inward.id, outward.id, other.id])],
      });
      const failures = await plane.dataplane.apply(change, world);
      assert.deepEqual([...failures.keys()], [inward.id]);
      assert.match(
        failures.get(inward.id)?.message ?? '',
        new RegExp(`refused.*${inward.id}.*still in force`),
      );
      assert.deepEqual(await verdicts(2000, 3000, 4000), [true, false, true]);
      // Nothing at all is taken: all is as before, and each id is named.
      refusing = 'stackyard';
      const all = changeOf({ groups: [inward], ports: [inGroups(server, [])] });
      const allFailures = await plane.dataplane.apply(all, world);
      assert.deepEqual([...allFailures.keys()], [server.port.id]);
      assert.deepEqual(await verdicts(2000, 3000, 4000), [true, false, true]);
      // And once the kernel takes it, it is so.
      refusing = '';
      await plane.apply(change);
      assert.deepEqual(await verdicts(2000, 3000, 4000), [false, true, true]);
      await plane.apply({ ...scene.nothing, absentGroups: [inward.id, outward.id, other.id] });
    },
  },
];

type Scene = {
  readonly client: Guest;
  readonly server: Guest;
  readonly third: Guest;
  readonly inward: ReturnType<typeof groupOf>;
  readonly outward: ReturnType<typeof groupOf>;
  readonly all: DataplaneChange;
  /** Takes away what does not go with the ports. */
  readonly nothing: Partial<DataplaneChange>;
};

function openScene(): Scene {
  const network = networkOf();
  const outward = outwardGroup();
  const clients = { kind: 'group', id: outward.id } as const;
  const inward = groupOf([
    rule('ingress', { ports: { min: 2000, max: 2000 }, remote: clients }),
    rule('ingress', { protocol: 6, ports: { min: 22, max: 22 } }),
  ]);
  const client = guestOn(network, 1, [outward.id]);
  const server = guestOn(network, 2, [inward.id]);
  const third = guestOn(network, 3, []);
  const all = changeOf({
    networks: [network],
    ports: [client.port, server.port, third.port],
    groups: [inward, outward],
    members: [memberOf(client, [outward.id])],
  });
  const nothing = {
    absentGroups: [inward.id, outward.id],
    absentMembers: [client.port.id, third.port.id],
  };
  return { client, server, third, inward, outward, all, nothing };
}

/** Ten kinds of changes, none of which has to do with what the streams may. */
function changeNumber(number: number, scene: Scene): Partial<DataplaneChange> {
  const { client, server, third, inward, outward } = scene;
  const extra = rule('ingress', { protocol: 6, ports: { min: number + 1, max: number + 100 } });
  const kinds: readonly (() => Partial<DataplaneChange>)[] = [
    () => ({ groups: [{ ...inward, rules: [extra, ...inward.rules] }] }),
    () => ({ groups: [inward] }),
    () => ({ groups: [{ ...inward, rules: inward.rules.slice(0, 1) }] }),
    () => ({ members: [{ ...memberOf(third, [outward.id]), cidrs: ['10.30.0.128/25'] }] }),
    () => ({ absentMembers: [third.port.id] }),
    () => ({ ports: [inGroups(server, [inward.id, outward.id])] }),
    () => ({ ports: [server.port] }),
    () => ({ ports: [{ ...client.port, storm: DEFAULT_STORM_CONTROL }] }),
    () => ({ ports: [client.port, inGroups(third, [inward.id])] }),
    () => {
      const group = groupOf([rule('egress')], { id: randomUUID(), stateful: false });
      const network = networkOf({ id: client.port.networkId });
      const port = portOf(network, { firewall: { ...pinned(third), groups: [group.id] } });
      return { networks: [network], groups: [group], ports: [port], absentPorts: [] };
    },
  ];
  return kinds[number % kinds.length]?.() ?? {};
}

function pinned({ port }: Guest) {
  if (port.firewall === null) throw new Error('the port is pinned');
  return { ...port.firewall, macs: ['02:30:00:00:00:99'], pairs: [] };
}

/** Sends packets all the time: of an allowed flow, both ways, and forbidden ones beside them. */
class Streams implements Disposable {
  readonly #exchange: Exchange;
  readonly #scene: Scene;
  readonly #timer: NodeJS.Timeout;
  readonly #allowed: { readonly mark: number; readonly to: string }[] = [];
  readonly #forbidden: number[] = [];
  #rounds = 0;

  constructor(exchange: Exchange, scene: Scene) {
    this.#exchange = exchange;
    this.#scene = scene;
    this.#timer = setInterval(() => this.#round(), 1);
  }

  /** Waits until so many more rounds were sent. */
  async pass(rounds: number): Promise<void> {
    const end = this.#rounds + rounds;
    while (this.#rounds < end) await new Promise((resolve) => setImmediate(resolve));
  }

  async expectNoGap(): Promise<void> {
    clearInterval(this.#timer);
    const { client, server, third } = this.#scene;
    for (const guest of [client, server, third]) await this.#exchange.settle(guest.port.id);
    const ports = [client, server, third].map((guest) => guest.port.id);
    assert.ok(this.#rounds > 100, `only ${this.#rounds} rounds were sent`);
    const lost = this.#allowed.filter(({ mark, to }) => !this.#exchange.has(to, mark));
    assert.equal(lost.length, 0, `${lost.length} of ${this.#allowed.length} packets were lost`);
    const came = this.#forbidden.filter((mark) => ports.some((id) => this.#exchange.has(id, mark)));
    assert.equal(came.length, 0, `${came.length} of ${this.#forbidden.length} forbidden ones came`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #round(): void {
    const { client, server, third } = this.#scene;
    this.#rounds += 1;
    const port = 2000;
    this.#allow(client, server, ip(4, client, server, 'udp', 1000, port));
    if (this.#rounds > 20) this.#allow(server, client, ip(4, server, client, 'udp', port, 1000));
    // New flows too: each round has one of its own.
    const fresh = 10_000 + (this.#rounds % 50_000);
    this.#allow(client, server, ip(4, client, server, 'udp', fresh, port));
    this.#forbid(client, ip(4, client, server, 'udp', fresh, 2001));
    this.#forbid(third, ip(4, third, server, 'udp', 1000, port));
    this.#forbid(server, ip(4, server, third, 'udp', fresh, 2000));
  }

  #allow(from: Guest, to: Guest, packet: ReturnType<typeof ip>): void {
    const mark = this.#exchange.stream({ from: from.port.id, packet });
    this.#allowed.push({ mark, to: to.port.id });
  }

  #forbid(from: Guest, packet: ReturnType<typeof ip>): void {
    this.#forbidden.push(this.#exchange.stream({ from: from.port.id, packet }));
  }
}
