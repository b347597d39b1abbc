/** One change of the firewall among few ports and among many, and all of a host's rules made anew. */
import { randomUUID } from 'node:crypto';
import type { MemberSpec, SecurityGroupSpec, SecurityRuleSpec } from '#base/host/firewall.ts';
import { pinnedTo } from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { silentLog } from '#platform/log.ts';
import { LinuxDataplane } from '#drivers/dataplane/linux/linux-dataplane.ts';
import { realCommands, type Commands } from '#drivers/dataplane/linux/kernel.ts';
import type { DataplaneChange } from '#drivers/dataplane/dataplane.ts';
import {
  changeOf,
  clear,
  networkOf,
  newMac,
  portOf,
  type DataplaneWorld,
} from '../../test/dataplane/world.ts';
import { median, timed } from '../support/clock.ts';
import type { Row } from '../support/row.ts';
import type { YardMeasure } from './yard-measure.ts';

const SIZES = [10, 100, 1000] as const;
const MOST = SIZES[2];
const RUNS = 15;
const REBUILDS = 5;

export const firewallChanges: YardMeasure = async (world, tell) => {
  const bySize = new Map<number, ReadonlyMap<string, Taken>>();
  const rows: Row[] = [];
  for (const size of SIZES) {
    tell(`${size} ports in one group, which its own rule names`);
    await using crowd = await Crowd.make(world, size);
    bySize.set(size, await crowd.changes());
    if (size === MOST) rows.push(...(await crowd.rebuilds(tell)));
  }
  const [few, some, many] = SIZES.map((size) => bySize.get(size));
  for (const [what, taken] of many ?? []) {
    const floor = few?.get(what);
    rows.push({
      what: `${what}: the transaction among ${MOST} ports / among ${SIZES[0]}`,
      value: taken.transaction / (floor?.transaction ?? 0),
      unit: 'x',
      target: { atMost: 2 },
      floor: null,
    });
    for (const [size, all] of [[SIZES[1], some] as const, [MOST, many] as const]) {
      rows.push({
        what: `  from asking to in force, among ${size}`,
        value: all?.get(what)?.whole ?? 0,
        unit: 'ms',
        target: null,
        floor: { what: `among ${SIZES[0]}`, value: floor?.whole ?? 0 },
      });
    }
  }
  return rows;
};

/** In milliseconds: all that `apply` takes, and of that the kernel's and nft's part in the rules. */
type Taken = { readonly whole: number; readonly transaction: number };

/** A network with so many ports, all of them members of the one group that may speak with them. */
class Crowd implements AsyncDisposable {
  readonly #world: DataplaneWorld;
  readonly #network: NetworkSpec;
  readonly #group: SecurityGroupSpec;
  readonly #ports: PortSpec[] = [];
  readonly #members: MemberSpec[] = [];
  #plane: LinuxDataplane;
  /** What `nft` alone took of what was applied last. */
  #transactionMs = 0;
  #next = 0;

  private constructor(world: DataplaneWorld) {
    this.#world = world;
    this.#network = networkOf();
    const id = randomUUID();
    const any = { version: 4, protocol: null, ports: null, remote: { kind: 'any' } } as const;
    const rules: SecurityRuleSpec[] = [
      { ...any, id: randomUUID(), direction: 'egress' },
      { ...any, id: randomUUID(), direction: 'egress', version: 6 },
      { ...any, id: randomUUID(), direction: 'ingress', remote: { kind: 'group', id } },
      { ...any, id: randomUUID(), direction: 'ingress', protocol: 6, ports: { min: 22, max: 22 } },
    ];
    this.#group = { id, stateful: true, rules };
    this.#plane = this.#open();
  }

  static async make(world: DataplaneWorld, size: number): Promise<Crowd> {
    const crowd = new Crowd(world);
    for (let index = 0; index < size; index++) {
      const { port, member } = crowd.#person();
      crowd.#ports.push(port);
      crowd.#members.push(member);
    }
    await crowd.#apply(crowd.#all());
    return crowd;
  }

  /** Medians of what each kind of change takes. */
  async changes(): Promise<ReadonlyMap<string, Taken>> {
    const all = new Map<string, Taken[]>();
    const take = async (what: string, change: Partial<DataplaneChange>) => {
      const taken = await this.#apply(change);
      all.set(what, [...(all.get(what) ?? []), taken]);
    };
    for (let run = 0; run < RUNS; run++) {
      const { port, member } = this.#person();
      await take('one more port', { ports: [port], members: [member] });
      await take('one port less', { absentPorts: [port.id], absentMembers: [member.id] });
      const far = this.#person().member;
      await take('one more member on another host', { members: [far] });
      await this.#apply({ absentMembers: [far.id] });
      const rule: SecurityRuleSpec = {
        id: randomUUID(),
        direction: 'ingress',
        version: 4,
        protocol: 6,
        ports: { min: 1000 + run, max: 1000 + run },
        remote: { kind: 'any' },
      };
      const wider = { ...this.#group, rules: [...this.#group.rules, rule] };
      await take('one more rule for all of them', { groups: [wider] });
      await take('one rule less for all of them', { groups: [this.#group] });
    }
    const medians = (times: readonly Taken[]): Taken => ({
      whole: median(times.map(({ whole }) => whole)),
      transaction: median(times.map(({ transaction }) => transaction)),
    });
    return new Map([...all].map(([what, times]) => [what, medians(times)]));
  }

  /** All rules gone, and made again by a data plane that has just started; the taps are there. */
  async rebuilds(tell: (line: string) => void): Promise<readonly Row[]> {
    const [made, found]: [Taken[], Taken[]] = [[], []];
    for (let run = 1; run <= REBUILDS; run++) {
      tell(`all rules made anew, ${run} of ${REBUILDS}`);
      await this.#plane.close();
      await realCommands.run('nft', ['flush', 'ruleset'], this.#world);
      for (const all of [made, found]) {
        await this.#plane.close();
        this.#plane = this.#open();
        all.push(await this.#apply(this.#all()));
      }
    }
    const size = this.#ports.length;
    const row = { unit: 'ms', floor: null } as const;
    return [
      {
        ...row,
        what: `all rules of ${size} ports made anew`,
        value: median(made.map(({ whole }) => whole)),
        target: { atMost: 1000 },
      },
      {
        ...row,
        what: '  of that the transaction',
        value: median(made.map(({ transaction }) => transaction)),
        target: null,
      },
      {
        ...row,
        what: `rules of ${size} ports found in force by a new agent`,
        value: median(found.map(({ whole }) => whole)),
        target: null,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plane.close();
    await clear(this.#world);
  }

  #open(): LinuxDataplane {
    const commands: Commands = {
      ...realCommands,
      run: async (command, args, options) => {
        const { ms, result } = await timed(
          async () => await realCommands.run(command, args, options),
        );
        if (command === 'nft' && args[0] === '-f') this.#transactionMs += ms;
        return result;
      },
    };
    const { stateDir } = this.#world;
    return new LinuxDataplane({ stateDir, tapOwner: null, log: silentLog(), commands });
  }

  async #apply(change: Partial<DataplaneChange>): Promise<Taken> {
    this.#transactionMs = 0;
    const { ms, result } = await timed(
      async () => await this.#plane.apply(changeOf(change), this.#world),
    );
    for (const error of result.values()) throw error;
    return { whole: ms, transaction: this.#transactionMs };
  }

  #all(): Partial<DataplaneChange> {
    return {
      networks: [this.#network],
      ports: this.#ports,
      groups: [this.#group],
      members: this.#members,
    };
  }

  #person(): { readonly port: PortSpec; readonly member: MemberSpec } {
    this.#next += 1;
    const mac = newMac();
    const cidr = `10.60.${Math.floor(this.#next / 250)}.${(this.#next % 250) + 1}/32`;
    const firewall = pinnedTo([mac], {
      mode: 'strict',
      pairs: [{ mac, cidr }],
      groups: [this.#group.id],
    });
    const port = portOf(this.#network, { mac, firewall });
    const networkId = this.#network.id;
    const member = { id: port.id, networkId, groups: [this.#group.id], macs: [mac], cidrs: [cidr] };
    return { port, member };
  }
}
