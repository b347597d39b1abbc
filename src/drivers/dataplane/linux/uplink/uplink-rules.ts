/** The rules of the uplink: who may begin to speak with whom. Pure. */
import {
  UPLINK_HOST_END,
  UPLINK_LEG_PREFIX,
  UPLINK_OUTSIDE,
  UPLINK_OUTSIDES,
  UPLINK_TABLE,
  UPLINK_YARD_END,
} from '../names.ts';
import { versionOf } from './uplink-leg.ts';

const LEGS = `"${UPLINK_LEG_PREFIX}*"`;
/** Marks what comes in from the yard or the host, to be told from what is routed between external networks. */
const FROM_WITHIN = 1;

/**
 * The whole table as one transaction for `nft`, given the subnets that lie behind the legs. Links by which guests may
 * reach the outside are in the set `outsides`, which whoever makes such a link fills: it stays as it is.
 */
export function uplinkRules(subnets: readonly string[]): string {
  const sets = ([4, 6] as const).map((version) => {
    const own = subnets.filter((subnet) => versionOf(subnet) === version);
    const name = `${UPLINK_TABLE} external${version}`;
    return [
      `add set ${name} { type ipv${version}_addr; flags interval; auto-merge; }`,
      `flush set ${name}`,
      ...(own.length > 0 ? [`add element ${name} { ${own.join(', ')} }`] : []),
    ];
  });
  const chains = CHAINS.flatMap(({ name, hook, rules }) => [
    `add chain ${UPLINK_TABLE} ${name} { ${hook} }`,
    `flush chain ${UPLINK_TABLE} ${name}`,
    ...rules.map((rule) => `add rule ${UPLINK_TABLE} ${name} ${rule}`),
  ]);
  const lines = [
    `add table ${UPLINK_TABLE}`,
    `add set ${UPLINK_TABLE} ${UPLINK_OUTSIDES} { type ifname; }`,
    ...sets.flat(),
    ...chains,
  ];
  return `${lines.join('\n')}\n`;
}

const CHAINS: readonly { name: string; hook: string; rules: readonly string[] }[] = [
  {
    name: 'to-uplink',
    hook: 'type filter hook input priority filter; policy drop;',
    rules: [
      'ct state established,related accept',
      'iifname "lo" accept',
      // The gateway answers a ping, and is found.
      'meta l4proto { icmp, ipv6-icmp } accept',
    ],
  },
  {
    name: 'through-uplink',
    hook: 'type filter hook forward priority filter; policy drop;',
    rules: [
      'ct state established,related accept',
      `iifname { "${UPLINK_YARD_END}", "${UPLINK_HOST_END}" } oifname ${LEGS} meta mark set ${FROM_WITHIN} accept`,
      // RFC 3927: no router passes these on. Where the host is a server itself, its own metadata is at one of them.
      'ip daddr 169.254.0.0/16 reject with icmp admin-prohibited',
      // Nobody but the external networks' own addresses is answered, so nobody else need go on.
      'ip saddr != @external4 drop',
      'ip6 saddr != @external6 drop',
      `iifname ${LEGS} oifname ${LEGS} accept`,
      `iifname ${LEGS} oifname @${UPLINK_OUTSIDES} accept`,
      `iifname ${LEGS} reject with icmpx admin-prohibited`,
    ],
  },
  {
    name: 'from-uplink',
    hook: 'type nat hook postrouting priority srcnat; policy accept;',
    rules: [
      // Guests see the gateway's address, and so answer here whatever routes they have.
      `meta mark ${FROM_WITHIN} masquerade`,
      `oifname "${UPLINK_OUTSIDE}" masquerade`,
    ],
  },
];
