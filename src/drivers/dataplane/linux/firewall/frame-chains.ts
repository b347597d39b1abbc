/**
 * The way of a frame: what a port may send by its mode, what floods and loops, to whom it goes, and what is counted
 * when it goes no further.
 */
import { METADATA_IPV4 } from '../metadata/identities.ts';
import { DOOR_PREFIX, ROUTER_LINK_PREFIX, SERVICE_LINK_PREFIX, TAP_PREFIX } from '../names.ts';
import { FORGED, hex, LINK, OUT, UNJUDGED } from './marks.ts';
import type { Skeleton } from './skeleton.ts';

/** Where a MAC was heard first of late, and last; an element's data never changes, so it goes and comes. */
const MAC_OF_HOMES = 'meta priority set meta mark . ether saddr map @homes';
const MAC_OF_PLACES = 'meta priority set meta mark . ether saddr map @whereabouts';
const MAC_IS_HERE = 'meta mark . ether saddr : meta priority';
const MAC_LEAVES = `delete @whereabouts { ${MAC_IS_HERE} }`;
const UNICAST = 'ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00';
const UNJUDGED_MARK = `meta mark & ${hex(UNJUDGED)} == ${hex(UNJUDGED)}`;
/** Router and neighbour discovery, and multicast listeners: what keeps an IPv6 link together. */
const LINK_MESSAGES = '{ 130, 131, 132, 133, 134, 135, 136, 143 }';
const GUEST_LINK_MESSAGES = '{ 130, 131, 132, 133, 135, 143 }';
export const ALL_LINK_MESSAGES = '{ 130, 131, 132, 133, 134, 135, 136, 137, 143 }';
/** A target in a neighbour solicitation or advertisement stands 8 bytes into the message. */
const ND_TARGET = '@th,64,128';

/** More flapping frames than this in a second are a loop, and not a card that has moved. */
const FLAPS_PER_SECOND = 10;
/** MACs that were not heard for five minutes, from one port: more are made up, to fill tables here and on bridges. */
const NEWCOMERS_PER_SECOND = 50;
const NEWCOMERS_AT_ONCE = 2_000;
/** What many ports may fill at that rate in that time; and all three sets of it can still be listed, some 35 MB of text. */
const MANY_MACS = 131_072;
/** How long a state outlives what caused it. */
const STATE_SECONDS = 3;

const COUNTED = 'type ifname; size 65535; flags dynamic; counter;';
const LASTING = 'type ifname; size 65535; flags dynamic,timeout;';

/** Elements of dynamic sets that agents read. */
export const DROPS = {
  spoof: 'drops-spoof',
  group: 'drops-group',
  storm: 'drops-storm',
  quarantine: 'drops-quarantine',
} as const;
export const QUARANTINED = 'quarantined';
export const STATES = 'states';
/** What `STATES` says of a port, in a mark. */
export const STORMING = 1;
export const LOOPING = 2;

export const FRAMES: Skeleton = {
  sets: [
    // By the name of the port that a frame comes from.
    { kind: 'map', name: 'senders', text: 'type ifname : verdict;' },
    { kind: 'map', name: 'networks', text: 'type ifname : mark;' },
    { kind: 'map', name: 'loop-actions', text: 'type ifname : verdict;' },
    { kind: 'set', name: 'clearings', text: 'type ifname . mark;' },
    { kind: 'map', name: 'places', text: 'type ifname : classid;' },
    { kind: 'set', name: 'at-home', text: 'type ifname . classid;' },
    // By the name of the port that a frame goes to.
    { kind: 'map', name: 'receivers', text: 'type ifname : verdict;' },
    { kind: 'map', name: 'entrances', text: 'type ifname : mark;' },
    { kind: 'map', name: 'deliveries', text: 'type ifname . ether_addr : mark;' },
    // The same of ports that are cut when they loop.
    { kind: 'map', name: 'deliveries-unless-cut', text: 'type ifname . ether_addr : mark;' },
    // Addresses that a port may use; those of `l2` ports in `talkers`, of `strict` ones in `speakers`.
    { kind: 'set', name: 'macs', text: 'type ifname . ether_addr;' },
    { kind: 'map', name: 'talkers', text: 'type ifname . ether_addr : mark;' },
    { kind: 'map', name: 'speakers4', text: 'type ifname . ether_addr . ipv4_addr : mark;' },
    { kind: 'map', name: 'speakers6', text: 'type ifname . ether_addr . ipv6_addr : mark;' },
    {
      kind: 'map',
      name: 'speakers4-nets',
      text: 'type ifname . ether_addr . ipv4_addr : mark; flags interval;',
    },
    {
      kind: 'map',
      name: 'speakers6-nets',
      text: 'type ifname . ether_addr . ipv6_addr : mark; flags interval;',
    },
    { kind: 'set', name: 'targets6', text: `typeof iifname . ${ND_TARGET};` },
    { kind: 'set', name: 'targets6-nets', text: `typeof iifname . ${ND_TARGET}; flags interval;` },
    /** The one MAC of each port's card, by which the metadata service knows it. */
    { kind: 'set', name: 'cards', text: 'type ifname . ether_addr;' },
    { kind: 'set', name: 'ethertypes', text: 'type ifname . ether_type;' },
    /** MACs of all ports of a network, by its number. */
    { kind: 'set', name: 'owned', text: 'type mark . ether_addr;' },
    {
      kind: 'set',
      name: 'learned',
      text: `type mark . ether_addr; size ${MANY_MACS}; flags dynamic,timeout; timeout 5m;`,
      dynamic: true,
    },
    {
      kind: 'map',
      name: 'whereabouts',
      text: `type mark . ether_addr : classid; size ${MANY_MACS}; flags dynamic,timeout; timeout 5m;`,
      dynamic: true,
    },
    {
      kind: 'map',
      name: 'homes',
      text: `type mark . ether_addr : classid; size ${MANY_MACS}; flags dynamic,timeout; timeout 30s;`,
      dynamic: true,
    },
    { kind: 'set', name: 'newcomers', text: `${LASTING} timeout 1m;`, dynamic: true },
    { kind: 'set', name: 'flapping', text: `${LASTING} timeout 10s;`, dynamic: true },
    {
      kind: 'set',
      name: STATES,
      text: 'type ifname . mark; size 65535; flags dynamic,timeout;',
      dynamic: true,
    },
    { kind: 'set', name: QUARANTINED, text: LASTING, dynamic: true },
    ...Object.values(DROPS).map((name) => ({
      kind: 'set' as const,
      name,
      text: COUNTED,
      dynamic: true as const,
    })),
  ],
  chains: [
    {
      name: 'storm',
      rules: [
        `meta mark set ${STORMING} update @${STATES} { iifname . meta mark timeout ${STATE_SECONDS}s }`,
        `update @${DROPS.storm} { iifname } drop`,
      ],
    },
    { name: 'cut-from', rules: [`update @${DROPS.quarantine} { iifname } drop`] },
    { name: 'cut-to', rules: [`update @${DROPS.quarantine} { oifname } drop`] },
    { name: 'refused-from', rules: [`update @${DROPS.group} { iifname } drop`] },
    { name: 'refused-to', rules: [`update @${DROPS.group} { oifname } drop`] },
    {
      name: 'looping',
      rules: [
        `meta mark set ${LOOPING} update @${STATES} { iifname . meta mark timeout ${STATE_SECONDS}s }`,
        // The mark says again where the frame is: it may go on.
        'meta mark set iifname map @networks',
        'iifname vmap @loop-actions',
      ],
    },
    {
      name: 'loop',
      rules: [
        `update @flapping { iifname limit rate over ${FLAPS_PER_SECOND}/second burst ${FLAPS_PER_SECOND} packets } goto looping`,
      ],
    },
    {
      name: 'forged',
      rules: [
        // A frame with the address of another port here is forged, or has come round a loop.
        'iifname . ether saddr != @macs meta mark . ether saddr @owned jump loop',
        `update @${DROPS.spoof} { iifname } drop`,
      ],
    },
    {
      name: 'from-strict-arp',
      rules: [
        'arp htype != 1 goto forged',
        'arp ptype != ip goto forged',
        'arp hlen != 6 goto forged',
        'arp plen != 4 goto forged',
        // A probe says nothing of its sender; asking for what others have makes them think it is taken.
        'arp saddr ip 0.0.0.0 goto from-strict-probe',
        `meta mark set iifname . arp saddr ether . arp saddr ip map @speakers4 meta mark set ${LINK} accept`,
        `meta mark set iifname . arp saddr ether . arp saddr ip map @speakers4-nets meta mark set ${LINK} accept`,
        'goto forged',
      ],
    },
    {
      name: 'from-strict-probe',
      rules: [
        `meta mark set iifname . arp saddr ether . arp daddr ip map @speakers4 meta mark set ${LINK} accept`,
        `meta mark set iifname . arp saddr ether . arp daddr ip map @speakers4-nets meta mark set ${LINK} accept`,
        'goto forged',
      ],
    },
    {
      name: 'from-strict-ip6',
      rules: [
        'meta l4proto != ipv6-icmp accept',
        // Read where they are whole again: what a piece seems to say may stand behind its end.
        'exthdr frag exists accept',
        'icmpv6 type { nd-router-advert, nd-redirect } goto forged',
        `icmpv6 type nd-neighbor-advert iifname . ${ND_TARGET} @targets6 meta mark set ${LINK} accept`,
        `icmpv6 type nd-neighbor-advert iifname . ${ND_TARGET} @targets6-nets meta mark set ${LINK} accept`,
        'icmpv6 type nd-neighbor-advert goto forged',
        `icmpv6 type ${GUEST_LINK_MESSAGES} meta mark set ${LINK} accept`,
        'accept',
      ],
    },
    {
      name: 'from-strict-nowhere',
      rules: [
        `icmpv6 type nd-neighbor-solicit iifname . ${ND_TARGET} @targets6 meta mark set ${LINK} accept`,
        `icmpv6 type nd-neighbor-solicit iifname . ${ND_TARGET} @targets6-nets meta mark set ${LINK} accept`,
        `icmpv6 type { 131, 132, 133, 143 } meta mark set ${LINK} accept`,
        'goto forged',
      ],
    },
    {
      name: 'from-strict',
      rules: [
        'ether type ip meta mark set iifname . ether saddr . ip saddr map @speakers4 accept',
        'ether type ip6 meta mark set iifname . ether saddr . ip6 saddr map @speakers6 goto from-strict-ip6',
        'iifname . ether saddr != @macs goto forged',
        'ether type arp goto from-strict-arp',
        'ether type ip meta mark set iifname . ether saddr . ip saddr map @speakers4-nets accept',
        'ether type ip6 meta mark set iifname . ether saddr . ip6 saddr map @speakers6-nets goto from-strict-ip6',
        `ether type ip ip saddr 0.0.0.0 udp sport 68 udp dport 67 meta mark set ${LINK} accept`,
        'ether type ip6 ip6 saddr :: goto from-strict-nowhere',
        'goto forged',
      ],
    },
    {
      name: 'from-l2-ip',
      rules: [
        'ether type ip accept',
        'exthdr frag exists accept',
        `icmpv6 type ${ALL_LINK_MESSAGES} meta mark set ${LINK} accept`,
        'accept',
      ],
    },
    {
      name: 'from-l2',
      rules: [
        'ether type { ip, ip6 } meta mark set iifname . ether saddr map @talkers goto from-l2-ip',
        'iifname . ether saddr != @macs goto forged',
        `ether type arp meta mark set ${LINK} accept`,
        `iifname . ether type @ethertypes meta mark set ${LINK} accept`,
        'goto forged',
      ],
    },
    {
      name: 'from-open',
      rules: [
        `meta mark . ether saddr != @learned update @newcomers { iifname limit rate over ${NEWCOMERS_PER_SECOND}/second burst ${NEWCOMERS_AT_ONCE} packets } goto storm`,
        'update @learned { meta mark . ether saddr }',
        'iifname . ether saddr @macs accept',
        'meta mark . ether saddr @owned jump loop',
        `${MAC_OF_HOMES} iifname . meta priority @at-home goto from-home`,
        `${MAC_OF_PLACES} iifname . meta priority != @at-home ${MAC_LEAVES} jump loop`,
        `meta priority set iifname map @places update @whereabouts { ${MAC_IS_HERE} }`,
        `add @homes { ${MAC_IS_HERE} }`,
        'meta priority set 0',
        'accept',
      ],
    },
    {
      // Who had a MAC first and goes on using it is not to blame when it is heard elsewhere.
      name: 'from-home',
      rules: [
        `update @homes { ${MAC_IS_HERE} }`,
        `${MAC_OF_PLACES} iifname . meta priority != @at-home ${MAC_LEAVES}`,
        `meta priority set iifname map @places update @whereabouts { ${MAC_IS_HERE} }`,
        'meta priority set 0',
        'accept',
      ],
    },
    {
      name: 'from-ports',
      hook: 'type filter hook prerouting priority -300; policy accept;',
      rules: ['iifname vmap @senders', `iifname "${TAP_PREFIX}*" drop`],
    },
    {
      name: 'to-pinned-ip',
      rules: [
        'ether type ip udp sport 67 udp dport 68 accept',
        `ether type ip6 icmpv6 type ${LINK_MESSAGES} accept`,
        'ether type ip6 udp sport 547 udp dport 546 accept',
        'meta mark set oifname map @entrances accept',
        'goto refused-to',
      ],
    },
    {
      name: 'to-pinned',
      rules: [
        `iifname "${DOOR_PREFIX}*" accept`,
        `${UNICAST} oifname . ether daddr != @macs drop`,
        'ether type { ip, ip6 } goto to-pinned-ip',
        'ether type arp accept',
        'oifname . ether type @ethertypes accept',
        'goto refused-to',
      ],
    },
    {
      // What metadata is asked and answered by goes between the services and the card that it is of, and no other.
      name: 'to-services',
      rules: [
        'iifname . ether saddr @cards return',
        'ether type arp return',
        'ether type { ip, ip6 } meta l4proto != tcp return',
        'ether type { ip, ip6 } tcp dport 53 return',
        `update @${DROPS.spoof} { iifname } drop`,
      ],
    },
    {
      name: 'from-services',
      rules: [
        'oifname . ether daddr @cards return',
        'ether type arp return',
        'ether type { ip, ip6 } meta l4proto != tcp return',
        'ether type { ip, ip6 } tcp sport 53 return',
        'drop',
      ],
    },
    {
      // The same where it goes by a router: no tag can hide it.
      name: 'to-routers',
      rules: [
        'iifname . ether saddr @cards return',
        `ether type { 8021q, 8021ad } update @${DROPS.spoof} { iifname } drop`,
        `ip daddr ${METADATA_IPV4} update @${DROPS.spoof} { iifname } drop`,
      ],
    },
    {
      name: 'from-routers',
      rules: ['oifname . ether daddr @cards return', `ip saddr ${METADATA_IPV4} drop`],
    },
    {
      name: 'between-ports',
      hook: 'type filter hook forward priority -200; policy accept;',
      rules: [
        // What most packets are: let out, and on the way to the one port that has their address.
        `meta mark ${OUT} meta mark set oifname . ether daddr map @deliveries accept`,
        `oifname @${QUARANTINED} goto cut-to`,
        `meta mark ${OUT} meta mark set oifname . ether daddr map @deliveries-unless-cut accept`,
        `oifname "${SERVICE_LINK_PREFIX}*" jump to-services`,
        `iifname "${SERVICE_LINK_PREFIX}*" jump from-services`,
        `oifname "${ROUTER_LINK_PREFIX}*" jump to-routers`,
        `iifname "${ROUTER_LINK_PREFIX}*" jump from-routers`,
        `oifname "${DOOR_PREFIX}*" meta mark set ${LINK} accept`,
        `${UNJUDGED_MARK} goto refused-from`,
        `meta mark ${FORGED} update @${DROPS.spoof} { iifname } drop`,
        'oifname vmap @receivers',
        `oifname "${TAP_PREFIX}*" drop`,
      ],
    },
    {
      name: 'gate',
      hook: 'type filter hook forward priority 100; policy accept;',
      rules: [`${UNJUDGED_MARK} goto refused-to`],
    },
    {
      // The yard itself speaks with nobody on the networks.
      name: 'to-yard',
      hook: 'type filter hook input priority -300; policy accept;',
      rules: [`iifname "${TAP_PREFIX}*" drop`],
    },
  ],
};
