/**
 * Model and kernel side by side: cases by chance, and whatever they disagree on is made as small as it can be.
 *
 * `FIREWALL_SEED` repeats what a failure has named; `FIREWALL_SECONDS` is how long cases are tried.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PortSpec } from '#base/host/links.ts';
import { tapName } from '#base/host/links.ts';
import { randomUUID } from 'node:crypto';
import { NO_CHANGE, type DataplaneChange } from '../../src/drivers/dataplane/dataplane.ts';
import { DROP_REASONS } from '../../src/base/host/firewall.ts';
import type { Check } from '../dataplane/check.ts';
import { networkOf, openPlane, type DataplaneWorld, type Plane } from '../dataplane/world.ts';
import { instantiate, networkOfSlot, sayCase, SLOTS, type Case, type Names } from './case.ts';
import { Exchange } from './exchange.ts';
import { generateCase } from './generate.ts';
import { FirewallModel, type Outcome } from './model.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';
import { NO_LIMITS } from './table-subjects.ts';

const SECONDS = Number(process.env['FIREWALL_SECONDS'] ?? 15);

export const propertyChecks: readonly Check<DataplaneWorld>[] = [
  {
    name: 'whatever the ports, groups, packets and changes: the kernel does what the model says',
    run: async (world) => {
      const given = process.env['FIREWALL_SEED'];
      const first = given === undefined ? Date.now() % 1_000_000_000 : Number(given);
      await using trials = await Trials.open(world);
      const deadline = Date.now() + (given === undefined ? SECONDS * 1000 : 0);
      let seed = first;
      for (; seed === first || Date.now() < deadline; seed += 1) {
        const one = generateCase(new Random(seed));
        const found = await trials.run(one);
        if (found === null) continue;
        const small = await shrink(one, async (smaller) => (await trials.run(smaller)) !== null);
        const again = (await trials.run(small)) ?? found;
        throw new Error(
          `Model and kernel disagree. FIREWALL_SEED=${seed} repeats it.\n${sayCase(small)}\n${again}`,
        );
      }
      process.stderr.write(`${seed - first} cases from seed ${first} on\n`);
    },
  },
];

/** Runs cases on one set of taps, one after the other. */
class Trials implements AsyncDisposable {
  readonly #plane: Plane;
  readonly #exchange: Exchange;
  readonly #names: Omit<Names, 'run'>;
  readonly #world: DataplaneWorld;
  #run = 0;
  /** What is there of the last run. */
  #left: Partial<DataplaneChange> = {};

  private constructor(
    world: DataplaneWorld,
    plane: Plane,
    exchange: Exchange,
    names: Omit<Names, 'run'>,
  ) {
    this.#world = world;
    this.#plane = plane;
    this.#exchange = exchange;
    this.#names = names;
  }

  static async open(world: DataplaneWorld): Promise<Trials> {
    const plane = openPlane(world);
    const networks = [networkOf(), networkOf()];
    const taps = SLOTS.map(() => {
      const id = randomUUID();
      return { id, tap: tapName(id) };
    });
    const names = { networks, taps };
    const ports = SLOTS.map((slot): PortSpec => {
      const port = { id: `@port${slot}`, tap: `@tap${slot}`, networkId: networkOfSlot(slot) };
      const rest = { mtu: 1450, adminStateUp: true, firewall: null, storm: NO_LIMITS };
      return instantiate({ ...port, ...rest, mac: `@mac${slot + 100}` }, { ...names, run: 0 });
    });
    await plane.apply({ networks, ports });
    return new Trials(world, plane, await Exchange.open(world, ports), names);
  }

  /** What model and kernel disagree on, as text; null for nothing. */
  async run(one: Case): Promise<string | null> {
    this.#run += 1;
    const { start, steps } = instantiate(one, { ...this.#names, run: this.#run });
    const model = new FirewallModel();
    await this.#plane.apply({ ...this.#left, ...start });
    this.#left = {
      absentGroups: start.groups.map((group) => group.id),
      absentAddressGroups: start.addressGroups.map((group) => group.id),
      absentMembers: start.members.map((member) => member.id),
    };
    model.apply({ ...NO_CHANGE, ...start });
    let ports = start.ports;
    this.#exchange.become(ports);
    const before = await this.#drops(ports);
    const expected = new Map<string, number>();
    for (let at = 0; at < steps.length;) {
      const step = steps[at];
      if (step?.kind === 'change') {
        await this.#plane.apply(step.change);
        model.apply({ ...NO_CHANGE, ...step.change });
        const changed = new Map((step.change.ports ?? []).map((port) => [port.id, port]));
        ports = ports.map((port) => changed.get(port.id) ?? port);
        this.#exchange.become(ports);
        at += 1;
        continue;
      }
      const end = steps.findIndex((later, index) => index >= at && later.kind === 'change');
      const sends = steps
        .slice(at, end < 0 ? undefined : end)
        .flatMap((later) => (later.kind === 'send' ? [later] : []));
      const arrived = await this.#exchange.send(sends);
      for (const [index, { from, packet }] of sends.entries()) {
        const outcome = model.send(from, packet);
        for (const { port, reason } of outcome.drops) {
          expected.set(`${port} ${reason}`, (expected.get(`${port} ${reason}`) ?? 0) + 1);
        }
        const seen = arrived[index] ?? [];
        if (!isDeepStrictEqual(seen, outcome.arrivals)) {
          return `${at + index}: ${this.#sayBoth(seen, outcome)}`;
        }
        if (sends[index + 1]?.from !== from) model.send(from, this.#exchange.sentinel(from));
      }
      at += sends.length;
    }
    return this.#compareDrops(before, await this.#drops(ports), expected);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plane.apply(this.#left);
    await this.#exchange[Symbol.asyncDispose]();
    await this.#plane[Symbol.asyncDispose]();
  }

  async #drops(ports: readonly PortSpec[]): Promise<ReadonlyMap<string, number>> {
    const counters = await this.#plane.dataplane.counters(this.#world);
    const drops = new Map<string, number>();
    for (const { id } of ports) {
      for (const reason of DROP_REASONS) {
        drops.set(`${id} ${reason}`, counters.get(id)?.drops[reason].packets ?? 0);
      }
    }
    return drops;
  }

  /** Some are counted where the model says so, and none elsewhere. */
  #compareDrops(
    before: ReadonlyMap<string, number>,
    after: ReadonlyMap<string, number>,
    expected: ReadonlyMap<string, number>,
  ): string | null {
    const wrong = [...after].flatMap(([key, count]) => {
      const counted = count - (before.get(key) ?? 0);
      const should = expected.get(key) ?? 0;
      if (counted > 0 === should > 0) return [];
      return [`drops of ${this.#nameOf(key)}: counted ${counted}, the model has ${should}`];
    });
    return wrong.length === 0 ? null : wrong.join('\n');
  }

  #sayBoth(seen: readonly string[], { arrivals, drops }: Outcome): string {
    const say = (ids: readonly string[]) =>
      ids.map((id) => this.#nameOf(id)).join(', ') || 'nobody';
    const why = drops.map(({ port, reason }) => `${reason} at ${this.#nameOf(port)}`).join(', ');
    return `it came to ${say(seen)}; the model says ${say(arrivals)} (${why || 'no drops'})`;
  }

  #nameOf(text: string): string {
    return this.#names.taps.reduce(
      (said, { id }, slot) => said.replaceAll(id, `@port${slot}`),
      text,
    );
  }
}
