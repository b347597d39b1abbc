/** Leases that must be forgotten before their address can go to somebody else. */
import type { DhcpSpec } from '#base/host/links.ts';

/** MACs by their IPv6 address. */
export type Owners = Readonly<Record<string, string>>;

/** Who is given which IPv6 address. A lease does not say whose MAC it was, so this has to be remembered. */
export function ownersOf(dhcp: DhcpSpec): Owners {
  return Object.fromEntries(
    dhcp.hosts.filter(({ ip }) => ip.includes(':')).map(({ ip, mac }) => [ip, mac]),
  );
}

/**
 * What `dnsmasq` still holds for hosts that are gone. It gives no address to a new owner while its
 * lease file says that another has it, and it reads that file only when it starts. `before`: the owners of IPv6
 * addresses while the file was written.
 */
export function planLeases(
  text: string,
  dhcp: DhcpSpec,
  before: Owners,
): { readonly stale: boolean; readonly kept: string } {
  const hosts = new Set(dhcp.hosts.map((host) => `${host.mac} ${host.ip}`));
  const owners = ownersOf(dhcp);
  const kept: string[] = [];
  let stale = false;
  for (const line of text.split('\n')) {
    // IPv4: <expiry> <mac> <ip> <hostname> <client id>; IPv6: <expiry> <id of the association> <ip> <hostname> <client id>
    const [first = '', mac = '', ip = ''] = line.split(' ');
    // The server's own id: clients ask the server of this id to renew what it gave them.
    if (first === 'duid') kept.push(`${line}\n`);
    else if (ip === '') continue;
    // Kept by no new server: a guest that has another client id by now would get no address.
    else if (ip.includes(':')) stale ||= before[ip] !== owners[ip];
    else if (hosts.has(`${mac.toLowerCase()} ${ip}`)) kept.push(`${line}\n`);
    else stale = true;
  }
  return { stale, kept: kept.join('') };
}
