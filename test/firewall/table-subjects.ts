/** Who plays the guest in the table's rows: a port for each mode, with and without groups, with and without EtherTypes. */
import {
  DEFAULT_STORM_CONTROL,
  pinnedTo,
  type PortFirewall,
  type SecurityGroupSpec,
  type StormControl,
} from '#base/host/firewall.ts';
import type { NetworkSpec, PortSpec } from '#base/host/links.ts';
import { networkOf, portOf } from '../dataplane/world.ts';
import type { Host } from './hosts.ts';
import { ETHERTYPES } from './packet.ts';
import type { Cell, Row } from './table.ts';

/** No limit is hit by what these tests send. */
export const NO_LIMITS: StormControl = {
  ...DEFAULT_STORM_CONTROL,
  broadcast: null,
  multicast: null,
  unknownUnicast: null,
};

export type Subject = {
  readonly name: string;
  readonly column: 'strict' | 'l2' | 'transparent' | 'off';
  readonly groups: boolean;
  readonly listed: boolean;
  readonly port: PortSpec;
  readonly host: Host;
};

export type Scene = {
  readonly network: NetworkSpec;
  readonly peer: PortSpec;
  readonly peerHost: Host;
  readonly subjects: readonly Subject[];
  readonly group: SecurityGroupSpec;
};

const LISTED = Object.values(ETHERTYPES)
  .filter((type) => !([ETHERTYPES.ip4, ETHERTYPES.ip6, ETHERTYPES.arp] as number[]).includes(type))
  .toSorted((a, b) => a - b);

/** A group that lets everything through. */
export function openGroup(id: string): SecurityGroupSpec {
  const common = { protocol: null, ports: null, remote: { kind: 'any' } } as const;
  const rules = (['ingress', 'egress'] as const).flatMap((direction) =>
    ([4, 6] as const).map((version) => ({
      ...common,
      id: `00000000-0000-4000-8000-${direction === 'ingress' ? '0000' : '1111'}0000000${version}`,
      direction,
      version,
    })),
  );
  return { id, stateful: true, rules };
}

export function tableScene(): Scene {
  const network = networkOf();
  const group = openGroup('77777777-7777-4777-8777-777777777777');
  const kinds = [
    ['strict, no groups', 'strict', false, true],
    ['strict, groups', 'strict', true, true],
    ['l2, nothing', 'l2', false, false],
    ['l2, groups', 'l2', true, false],
    ['l2, EtherTypes', 'l2', false, true],
    ['transparent, no groups', 'transparent', false, false],
    ['port security off', 'off', false, false],
  ] as const;
  const subjects = kinds.map(([name, column, groups, listed], index): Subject => {
    const host = hostAt(index + 1);
    const firewall: PortFirewall = {
      mode: column === 'off' ? 'transparent' : column,
      macs: [host.mac],
      pairs: [
        { mac: host.mac, cidr: `${host.ip4}/32` },
        { mac: host.mac, cidr: `${host.ip6}/128` },
      ],
      ethertypes: listed ? LISTED : [],
      groups: groups ? [group.id] : [],
    };
    const fields = {
      mac: host.mac,
      firewall: column === 'off' ? null : firewall,
      storm: NO_LIMITS,
    };
    return { name, column, groups, listed, host, port: portOf(network, fields) };
  });
  const peerHost = hostAt(200);
  const open = pinnedTo([peerHost.mac], { mode: 'transparent' });
  const peer = portOf(network, { mac: peerHost.mac, firewall: open, storm: NO_LIMITS });
  return { network, peer, peerHost, subjects, group };
}

/** What the table says of a row for this subject. */
export function passes(row: Row, subject: Subject): boolean {
  const cell: Cell = row[subject.column];
  switch (cell) {
    case 'pass':
      return true;
    case 'drop':
      return false;
    case 'groups':
      return subject.groups;
    case 'listed':
      return subject.listed;
  }
}

function hostAt(number: number): Host {
  const byte = number.toString(16).padStart(2, '0');
  return { mac: `02:00:00:00:00:${byte}`, ip4: `10.20.0.${number}`, ip6: `fd20::${byte}` };
}
