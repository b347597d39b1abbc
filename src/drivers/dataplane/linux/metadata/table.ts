/**
 * The rules of a namespace where metadata is asked for: who asks is known by the link and MAC that a frame comes
 * from, each packet of a connection has to come from there too, and answers go to that very MAC, whatever ARP says.
 * Pure text for `nft`; one port more or less is a few elements more or less.
 */
import {
  address4Of,
  address6Of,
  IDENTITIES4,
  IDENTITIES6,
  markOf,
  MARKS,
  MARKS_MASK,
  METADATA_IPV4,
  METADATA_IPV6,
} from './identities.ts';

/** A port's card, on the link by which it is reached. */
export type Card = { readonly link: string; readonly mac: string; readonly number: number };

export type TableOptions = {
  readonly links: readonly string[];
  /** Nothing else in the namespace needs its connections tracked. */
  readonly alone: boolean;
  /** The kernel has a hook where frames leave. */
  readonly egress: boolean;
};

const TABLE = 'inet stackyard-metadata';
const EGRESS_TABLE = 'netdev stackyard-metadata';
/** Connections that a port may have at once, those half open too. */
export const CONNECTIONS_OF_ONE = 32;

const OURS = `& 0x${MARKS_MASK.toString(16)} == 0x${MARKS.toString(16)}`;
const NOT_OURS = `& 0x${MARKS_MASK.toString(16)} != 0x${MARKS.toString(16)}`;
const ASKS4 = `ip daddr ${METADATA_IPV4} tcp dport 80`;
const ASKS6 = `ip6 daddr ${METADATA_IPV6} tcp dport 80`;

/** Whatever was there is replaced, at once. */
export function makeTable(cards: readonly Card[], options: TableOptions): string {
  return [
    emptyTable(options),
    options.egress ? egressTable(options.links) : '',
    elementLines('add', cards, options),
  ].join('');
}

/** From some cards to others. */
export function changeTable(
  gone: readonly Card[],
  come: readonly Card[],
  options: TableOptions,
): string {
  return elementLines('delete', gone, options) + elementLines('add', come, options);
}

function emptyTable({ alone }: TableOptions): string {
  return `table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  map askers { type ifname . ether_addr : mark; }
  set speakers { type ifname . ether_addr . mark; }
  map addresses4 { type mark : ipv4_addr; }
  map addresses6 { type mark : ipv6_addr; }
  set connections { type mark; size 65535; flags dynamic; }
  chain arriving {
    type filter hook prerouting priority -450; policy accept;
    iifname lo accept
    ip daddr 127.0.0.0/8 drop
    ip saddr 127.0.0.0/8 drop
    ip6 daddr ${IDENTITIES6} drop
    ip6 saddr ${IDENTITIES6} drop
    # TCP has no need of pieces, and whose they are could not be said of each.
    ip daddr ${METADATA_IPV4} ip frag-off & 0x3fff != 0 drop
    ip6 daddr ${METADATA_IPV6} exthdr frag exists drop
${alone ? `    ${ASKS4} accept\n    ${ASKS6} accept\n    notrack\n` : ''}  }
  chain asking {
    type filter hook prerouting priority -150; policy accept;
    ${ASKS4} goto asked
    ${ASKS6} goto asked
  }
  chain asked {
    ct state invalid drop
    ct mark 0 ct mark set iifname . ether saddr map @askers
    iifname . ether saddr . ct mark != @speakers drop
    ct state new add @connections { ct mark ct count over ${CONNECTIONS_OF_ONE} } drop
    accept
  }
  chain identifying {
    type nat hook prerouting priority -110; policy accept;
    ${ASKS4} dnat ip to ct mark map @addresses4
    ${ASKS6} dnat ip6 to ct mark map @addresses6
  }
  chain entering {
    type filter hook input priority 0; policy accept;
    # What is not tracked has no mark to compare.
    tcp dport 80 ct state untracked reject with tcp reset
    tcp dport 80 ct mark ${NOT_OURS} reject with tcp reset
  }
${
  alone
    ? `  chain speaking {
    type filter hook output priority -300; policy accept;
    ip saddr ${IDENTITIES4} accept
    ip6 saddr ${IDENTITIES6} accept
    # Bridges keep no lists of listeners: guests need not hear of ours.
    icmpv6 type { 131, 132, 143 } drop
    notrack
  }
`
    : ''
}  chain answering {
    type filter hook output priority -150; policy accept;
    ip saddr ${IDENTITIES4} goto answered
    ip6 saddr ${IDENTITIES6} goto answered
  }
  chain answered {
    ct direction reply ct mark ${OURS} meta mark set ct mark accept
    drop
  }
}
`;
}

/** Where frames leave: the last thing that is done to them. */
function egressTable(links: readonly string[]): string {
  const chains = links.map(
    (link, index) => `  chain leaving-${index} {
    type filter hook egress device "${link}" priority 0; policy accept;
    meta mark ${OURS} goto answers
  }
`,
  );
  return `table ${EGRESS_TABLE}
delete table ${EGRESS_TABLE}
table ${EGRESS_TABLE} {
  map cards { type ifname . mark : ether_addr; }
  chain answers {
    ether daddr set oifname . meta mark map @cards accept
    drop
  }
${chains.join('')}}
`;
}

function elementLines(
  verb: 'add' | 'delete',
  cards: readonly Card[],
  { egress }: TableOptions,
): string {
  if (cards.length === 0) return '';
  const lines = [
    elements(verb, `${TABLE} askers`, cards, ({ link, mac, number }) => [
      `"${link}" . ${mac}`,
      markOf(number),
    ]),
    elements(verb, `${TABLE} speakers`, cards, ({ link, mac, number }) => [
      `"${link}" . ${mac} . ${markOf(number)}`,
    ]),
    elements(verb, `${TABLE} addresses4`, cards, ({ number }) => [
      markOf(number),
      address4Of(number),
    ]),
    elements(verb, `${TABLE} addresses6`, cards, ({ number }) => [
      markOf(number),
      address6Of(number),
    ]),
  ];
  if (egress) {
    lines.push(
      elements(verb, `${EGRESS_TABLE} cards`, cards, ({ link, mac, number }) => [
        `"${link}" . ${markOf(number)}`,
        mac,
      ]),
    );
  }
  return lines.join('');
}

function elements(
  verb: 'add' | 'delete',
  set: string,
  cards: readonly Card[],
  text: (card: Card) => readonly [key: string, data?: string],
): string {
  const all = cards.map((card) => {
    const [key, data] = text(card);
    return data === undefined || verb === 'delete' ? key : `${key} : ${data}`;
  });
  return `${verb} element ${set} { ${[...new Set(all)].join(', ')} }\n`;
}

/** Succeeds where the kernel has a hook where frames leave. `link`: any that is there. */
export function egressTrial(link: string): string {
  return `table ${EGRESS_TABLE}-trial {
  map cards { type ifname . mark : ether_addr; }
  chain leaving {
    type filter hook egress device "${link}" priority 0; policy accept;
    ether daddr set oifname . meta mark map @cards accept
  }
}
delete table ${EGRESS_TABLE}-trial
`;
}
