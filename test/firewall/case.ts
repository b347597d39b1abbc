/**
 * One case of the property test: ports, groups, and what happens one after the other. Ids, MACs and addresses in it
 * are names such as `@mac3` and `@a.3`, so that a person can read it and every run has fresh ones: no run can meet
 * flows that an earlier one has left in the kernel.
 */
import type { AddressGroupSpec, MemberSpec, SecurityGroupSpec } from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import type { DataplaneChange } from '../../src/drivers/dataplane/dataplane.ts';
import { linkLocal } from './leaving.ts';
import { sayPacket, type Packet } from './packet.ts';

export type State = {
  readonly ports: readonly PortSpec[];
  readonly groups: readonly SecurityGroupSpec[];
  readonly members: readonly MemberSpec[];
  readonly addressGroups: readonly AddressGroupSpec[];
};

export type Step =
  | { readonly kind: 'send'; readonly from: string; readonly packet: Packet }
  | { readonly kind: 'change'; readonly what: string; readonly change: Partial<DataplaneChange> };

export type Case = { readonly start: State; readonly steps: readonly Step[] };

/** The taps that all cases share. Ports 0 to 3 are on one network, 4 to 6 on another with the same addresses. */
export const SLOTS = [0, 1, 2, 3, 4, 5, 6] as const;

export function networkOfSlot(slot: number): string {
  return slot < 4 ? '@net0' : '@net1';
}

/** The port's number on its network, which is in its MAC and its addresses. */
export function hostOfSlot(slot: number): number {
  return (slot % 4) + 1;
}

/** What the names stand for in one run. */
export type Names = {
  readonly run: number;
  readonly networks: readonly NetworkSpec[];
  /** Ids and taps of the slots. */
  readonly taps: readonly { readonly id: string; readonly tap: string }[];
};

/** The same with real ids and addresses. */
export function instantiate<T>(value: T, names: Names): T {
  const { run, networks, taps } = names;
  const [high, low] = [1 + Math.floor(run / 200), 1 + (run % 200)];
  const real = (name: string, number: string): string => {
    const index = Number(number);
    switch (name) {
      case 'net':
        return networks[index]?.id ?? '';
      case 'port':
        return taps[index]?.id ?? '';
      case 'tap':
        return taps[index]?.tap ?? '';
      case 'mac':
        return macOf(high, low, index);
      case 'll':
        return linkLocal(macOf(high, low, index));
      default:
        return uuidOf(name, run, index);
    }
  };
  const text = JSON.stringify(value)
    .replaceAll(/@(net|port|tap|mac|ll|group|set|rule|member)(\d+)/g, (_, name, number) =>
      real(name as string, number as string),
    )
    .replaceAll('@a.', `10.${high}.${low}.`)
    .replaceAll('@b:', `fd00:${high.toString(16)}:${low.toString(16)}:`);
  return JSON.parse(text) as T;
}

function macOf(high: number, low: number, index: number): string {
  const bytes = [high, low, 0, index].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['02:fa', ...bytes].join(':');
}

const ID_KINDS = ['group', 'set', 'rule', 'member'];

function uuidOf(name: string, run: number, index: number): string {
  const kind = ID_KINDS.indexOf(name) + 1;
  const tail = `${kind}${index.toString(16).padStart(11, '0')}`;
  return `${run.toString(16).padStart(8, '0')}-0000-4000-8000-${tail}`;
}

/** As a person reads it. */
export function sayCase({ start, steps }: Case): string {
  const used = new Set(steps.flatMap((step) => (step.kind === 'send' ? [step.from] : [])));
  const networks = new Set(
    start.ports.filter((port) => used.has(port.id)).map((port) => port.networkId),
  );
  return [
    ...start.ports.filter((port) => networks.has(port.networkId)).map(sayPort),
    ...start.groups.flatMap(sayGroup),
    ...start.members.map(sayMember),
    ...start.addressGroups.map(({ id, cidrs }) => `addresses ${id}: ${cidrs.join(', ')}`),
    ...steps.map((step, index) =>
      step.kind === 'send'
        ? `${index}. ${step.from} sends ${sayPacket(step.packet)}`
        : `${index}. ${step.what}`,
    ),
  ].join('\n');
}

export function sayPort({ id, networkId, mac, firewall }: PortSpec): string {
  const where = `${id} on ${networkId} ${mac}`;
  if (firewall === null) return `${where} security off`;
  const { mode, macs, pairs, ethertypes, groups } = firewall;
  const words = [
    macs.length > 1 ? `macs ${macs.join(' ')}` : '',
    mode === 'strict' ? `pairs ${pairs.map((pair) => `${pair.mac}=${pair.cidr}`).join(' ')}` : '',
    ethertypes.length > 0
      ? `ethertypes ${ethertypes.map((type) => type.toString(16)).join(' ')}`
      : '',
    `groups ${groups.join(' ') || 'none'}`,
  ];
  return [where, mode, ...words.filter(Boolean)].join(', ');
}

function sayGroup({ id, stateful, rules }: SecurityGroupSpec): readonly string[] {
  return [
    `${id} ${stateful ? 'stateful' : 'stateless'}`,
    ...rules.map((rule) => `  ${sayRule(rule)}`),
  ];
}

export function sayRule(rule: SecurityGroupSpec['rules'][number]): string {
  const { id, direction, version, protocol, ports, remote } = rule;
  const range = ports === null ? '' : ` ${ports.min}..${ports.max ?? 'any'}`;
  const what = `v${version} protocol ${protocol ?? 'any'}${range}`;
  const other =
    'cidr' in remote ? remote.cidr : 'id' in remote ? `${remote.kind} ${remote.id}` : 'any';
  return `${id} ${direction} ${what} ${direction === 'ingress' ? 'from' : 'to'} ${other}`;
}

function sayMember({ id, networkId, groups, macs, cidrs }: MemberSpec): string {
  return `member ${id} of ${groups.join(' ')} on ${networkId}: ${cidrs.join(' ') || macs.join(' ')}`;
}
