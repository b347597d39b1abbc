/** What one port has in the firewall's tables. */
import type { PortFirewall, StormControl } from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';
import { eui64Address } from '#base/net/mac.ts';
import { lastAddress, parseCidr, widthOf, type Cidr } from '#base/net/cidr.ts';
import type { Ip } from '#base/net/ip.ts';
import { outermost, sayCidr } from './cidrs.ts';
import { quarantineChain, senderClass } from './classes.ts';
import type { ChainItem, ElementItem, Part } from './contents.ts';
import { elementOf, joinParts, NO_PART, quoted } from './items.ts';
import { hex, markFrom, markTo } from './marks.ts';
import { profileOf } from './profile.ts';

export type PortNumbers = { readonly port: number; readonly network: number };

/** `isStateful` tells of each group that is known here; a group that is not lets nothing through. */
export function portPart(
  port: PortSpec,
  numbers: PortNumbers,
  isStateful: ReadonlyMap<string, boolean>,
): Part {
  const { firewall } = port;
  const common = stormPart(port, numbers);
  if (firewall === null || firewall.mode === 'transparent') {
    return joinParts([common, openPart(port, numbers)]);
  }
  const profile = profileOf(firewall, isStateful);
  const judges = [
    elementOf('groups', 'judges', [markFrom(numbers.port)], `goto ${profile.from}`),
    elementOf('groups', 'judges', [markTo(numbers.port)], `goto ${profile.to}`),
    ...[markFrom, markTo].map((mark) =>
      elementOf('groups', 'beginners', [mark(numbers.port), markFrom(numbers.port)]),
    ),
  ];
  return joinParts([
    common,
    pinnedPart(port, firewall, numbers),
    firewall.mode === 'strict'
      ? strictPart(port, firewall, numbers)
      : l2Part(port, firewall, numbers),
    { ...NO_PART, chains: profile.chains, elements: judges },
  ]);
}

/** A quarantine is lifted when this says another number, and gone when the port's action is another. */
export const CLEARINGS = 'clearings';
export const LOOP_ACTIONS = 'loop-actions';

/** What every port has: its place, its card, its limits, and what becomes of it when it loops. */
function stormPart({ tap, mac, firewall, storm }: PortSpec, numbers: PortNumbers): Part {
  const mode = firewall === null || firewall.mode === 'transparent' ? 'open' : firewall.mode;
  const { chain, sets } = senderClass(mode, storm);
  const name = quoted(tap);
  const elements = [
    elementOf('ports', 'senders', [name], `goto ${chain.name}`),
    elementOf('ports', 'networks', [name], hex(numbers.network)),
    elementOf('ports', 'cards', [name, mac]),
    elementOf('ports', CLEARINGS, [name, hex(storm.clears)]),
  ];
  const cut = quarantineOf(storm);
  if (cut !== null) elements.push(elementOf('ports', LOOP_ACTIONS, [name], `goto ${cut.name}`));
  return { sets, chains: cut === null ? [chain] : [chain, cut], elements };
}

function quarantineOf({ loopAction, holdSeconds }: StormControl): ChainItem | null {
  return loopAction === 'quarantine' ? quarantineChain(holdSeconds) : null;
}

/** A port that sends and takes what it likes. */
function openPart({ tap, mac }: PortSpec, { port, network }: PortNumbers): Part {
  const name = quoted(tap);
  return {
    ...NO_PART,
    elements: [
      elementOf('ports', 'receivers', [name], 'accept'),
      elementOf('ports', 'macs', [name, mac]),
      elementOf('ports', 'owned', [hex(network), mac]),
      elementOf('ports', 'places', [name], placeOf(port)),
      elementOf('ports', 'at-home', [name, placeOf(port)]),
    ],
  };
}

/** A port's number as `nft` prints traffic classes, which here say where a MAC was last heard. */
export function placeOf(port: number): string {
  return `${Math.floor(port / 0x10000) + 1}:${(port % 0x10000).toString(16)}`;
}

/** The number that `placeOf` said. */
export function portOfPlace(place: string): number {
  const [major = '', minor = ''] = place.split(':');
  return (Number.parseInt(major, 16) - 1) * 0x10000 + Number.parseInt(minor, 16);
}

/** A port that sends and takes frames with its own MACs only. */
function pinnedPart({ tap, storm }: PortSpec, { macs }: PortFirewall, numbers: PortNumbers): Part {
  const name = quoted(tap);
  const entrance = markTo(numbers.port);
  const deliveries = quarantineOf(storm) === null ? 'deliveries' : 'deliveries-unless-cut';
  return {
    ...NO_PART,
    elements: [
      elementOf('ports', 'receivers', [name], 'goto to-pinned'),
      elementOf('ports', 'entrances', [name], entrance),
      ...macs.flatMap((mac) => [
        elementOf('ports', 'macs', [name, mac]),
        elementOf('ports', deliveries, [name, mac], entrance),
        elementOf('ports', 'owned', [hex(numbers.network), mac]),
      ]),
    ],
  };
}

function l2Part({ tap }: PortSpec, firewall: PortFirewall, { port }: PortNumbers): Part {
  const name = quoted(tap);
  const mark = markFrom(port);
  return {
    ...NO_PART,
    elements: [
      ...firewall.macs.map((mac) => elementOf('ports', 'talkers', [name, mac], mark)),
      ...firewall.ethertypes.map((type) =>
        elementOf('ports', 'ethertypes', [name, `0x${type.toString(16).padStart(4, '0')}`]),
      ),
    ],
  };
}

const LINK_LOCAL = parseCidr('fe80::/64') as Cidr;

function strictPart({ tap }: PortSpec, firewall: PortFirewall, { port }: PortNumbers): Part {
  const name = quoted(tap);
  const mark = markFrom(port);
  const elements: ElementItem[] = [];
  const byMac = Map.groupBy(firewall.pairs, (pair) => pair.mac);
  for (const mac of firewall.macs) byMac.set(mac, byMac.get(mac) ?? []);
  const targets = new Map<string, Cidr>();
  for (const [mac, pairs] of byMac) {
    const own = hostOf(eui64Address(LINK_LOCAL, mac));
    const cidrs = [...pairs.flatMap((pair) => parseCidr(pair.cidr) ?? []), own];
    for (const cidr of outermost(cidrs)) {
      const isHost = cidr.prefix === widthOf(cidr.version);
      const set = `speakers${cidr.version}${isHost ? '' : '-nets'}`;
      elements.push(elementOf('ports', set, [name, mac, sayCidr(cidr)], mark));
      if (cidr.version === 6) targets.set(sayCidr(cidr), cidr);
    }
  }
  for (const cidr of outermost([...targets.values()])) {
    elements.push(
      cidr.prefix === 128
        ? elementOf('ports', 'targets6', [name, hexOf(cidr.network)])
        : elementOf('ports', 'targets6-nets', [
            name,
            `${hexOf(cidr.network)}-${hexOf(lastAddress(cidr))}`,
          ]),
    );
  }
  return { ...NO_PART, elements };
}

function hostOf({ version, value }: Ip): Cidr {
  return { version, network: value, prefix: widthOf(version) };
}

function hexOf(value: bigint): string {
  return `0x${value.toString(16)}`;
}
