/** Leases that must be forgotten before their address can go to somebody else. */
import type { DhcpSpec } from '#base/host/links.ts';

/**
 * What `dnsmasq` still holds for hosts that are gone. It gives no address to a new owner while its
 * lease file says that another MAC has it, and it reads that file only when it starts.
 */
export function planLeases(
  text: string,
  dhcp: DhcpSpec,
): { readonly stale: boolean; readonly kept: string } {
  const owners = new Set(dhcp.hosts.map((host) => `${host.mac} ${host.ip}`));
  const kept: string[] = [];
  let stale = false;
  for (const line of text.split('\n')) {
    // <expiry> <mac> <ip> <hostname> <client id>
    const [, mac = '', ip = ''] = line.split(' ');
    if (ip === '') continue;
    if (owners.has(`${mac.toLowerCase()} ${ip}`)) kept.push(`${line}\n`);
    else stale = true;
  }
  return { stale, kept: kept.join('') };
}
