/** What `stackyard status` says of external networks and the ways to them. */
import { findUplinkRecord, homeOf } from '#app/uplink/uplink-record.ts';
import type { ApiClient } from './api-client.ts';
import { commandFor } from './how-to-use.ts';

/** External networks, and how they are reached and left. */
export type UplinkStatus = {
  readonly networks: readonly ExternalNetwork[];
  /** The link to the host; null when there is none. */
  readonly host_link: { readonly name: string; readonly address: string } | null;
  /** Subnets that the host reaches by it. */
  readonly reached: readonly string[];
  /** How servers get out; null when they do not. */
  readonly outbound: 'masquerade' | 'pasta' | 'slirp4netns' | null;
  /** What could not be done, for people. */
  readonly troubles: readonly string[];
};

type ExternalNetwork = {
  readonly id: string;
  readonly name: string;
  readonly cidrs: readonly string[];
};

export async function uplinkStatus(api: ApiClient, stateDir: string): Promise<UplinkStatus> {
  const { networks } = (await api.get('/networking/v2.0/networks?router:external=true')) as {
    networks: readonly { id: string; name: string }[];
  };
  const { subnets } = (
    networks.length === 0
      ? { subnets: [] }
      : await api.get('/networking/v2.0/subnets?sort_key=ip_version')
  ) as { subnets: readonly { network_id: string; cidr: string }[] };
  const record = findUplinkRecord(homeOf(stateDir));
  return {
    networks: networks.map(({ id, name }) => ({
      id,
      name,
      cidrs: subnets.filter(({ network_id }) => network_id === id).map(({ cidr }) => cidr),
    })),
    host_link: record?.hostLink ?? null,
    reached: record?.reached ?? [],
    outbound: record?.outbound ?? null,
    troubles: record?.troubles ?? [],
  };
}

/** The same for people; nothing for a cloud without external networks. */
export function uplinkLines(
  { networks, host_link: link, reached, outbound, troubles }: UplinkStatus,
  stateDir: string,
): readonly string[] {
  if (networks.length === 0) return troubles;
  const names = networks.map(({ name, id, cidrs }) => `${name || id} (${cidrs.join(', ') || '-'})`);
  const way =
    link === null || reached.length === 0
      ? `not reached from this host; '${commandFor('exec', stateDir)} -- COMMAND' reaches them`
      : `reached from this host by ${link.name}, ${link.address}: ${reached.join(', ')}`;
  const out =
    outbound === null
      ? 'servers do not get out (--outbound lets them)'
      : `servers get out by ${outbound === 'masquerade' ? 'the host' : outbound}`;
  return [`External networks: ${names.join(', ')}`, `  ${way}`, `  ${out}`, ...troubles];
}
