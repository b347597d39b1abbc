/** Ports with the same groups and the same mode are judged by the same chains. */
import { createHash } from 'node:crypto';
import type { PortFirewall } from '#base/host/firewall.ts';
import type { ChainItem, Rule } from './contents.ts';
import { groupChainName } from './group-part.ts';
import { chainOf } from './items.ts';
import { ALL_LINK_MESSAGES } from './frame-chains.ts';

export type Profile = {
  /** Names of the chains that judge what comes from such a port, and what goes to it. */
  readonly from: string;
  readonly to: string;
  readonly chains: readonly ChainItem[];
};

/** A DHCP server's answers, and a guest that asks for them. */
const SERVER = ['udp sport 67 udp dport 68', 'udp sport 547 udp dport 546'] as const;
/** What keeps a link together comes here in pieces only: for that there is no use (RFC 6980). */
const LINK_IN_PIECES = `icmpv6 type ${ALL_LINK_MESSAGES}`;
const CLIENT = ['udp sport 68 udp dport 67', 'udp sport 546 udp dport 547'] as const;

export function profileOf(
  { mode, groups }: PortFirewall,
  isStateful: ReadonlyMap<string, boolean>,
): Profile {
  const tracked = groups.filter((id) => isStateful.get(id) === true);
  const untracked = groups.filter((id) => isStateful.get(id) === false);
  const key = JSON.stringify([mode === 'strict', tracked, untracked]);
  const name = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const names = {
    from: `from-profile-${name}`,
    to: `to-profile-${name}`,
    out: `profile-${name}-out`,
    in: `profile-${name}-in`,
  };
  const guard =
    mode === 'strict' ? [...SERVER, LINK_IN_PIECES].map((match) => `${match} goto forged`) : [];
  // A flow is judged as it began, whichever way the packet goes: replies by the same words as what they answer.
  // Groups that know of no flows are asked about each packet as it is.
  const chains: Readonly<Record<string, readonly string[]>> = {
    [names.from]: [
      ...guard,
      ...CLIENT.map((match) => `${match} goto passed`),
      ...asks(untracked, 'egress'),
      `ct direction original goto ${names.out}`,
      `ct direction reply goto ${names.in}`,
    ],
    [names.to]: [
      ...SERVER.map((match) => `${match} goto passed`),
      ...asks(untracked, 'ingress'),
      `ct direction original goto ${names.in}`,
      `meta mark . ct mark @beginners goto ${names.out}`,
      `ct id . meta mark @carriers goto ${names.out}`,
    ],
    [names.out]: asks(tracked, 'egress'),
    [names.in]: asks(tracked, 'ingress'),
  };
  return {
    from: names.from,
    to: names.to,
    chains: Object.entries(chains).map(([chain, rules]) =>
      chainOf(
        'groups',
        chain,
        rules.map((text): Rule => ({ text, note: '' })),
      ),
    ),
  };
}

function asks(ids: readonly string[], direction: 'egress' | 'ingress'): readonly string[] {
  return ids.map((id) => `jump ${groupChainName(id, direction)}`);
}
