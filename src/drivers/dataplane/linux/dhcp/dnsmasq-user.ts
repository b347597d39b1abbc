/** Finds an unprivileged user for `dnsmasq` on this host. */
import { readFileSync } from 'node:fs';

export type HostUser = { readonly user: string; readonly group: string };

/** The user it should become; null when this process could not let it become anybody. */
export function dnsmasqUser(): HostUser | null {
  return hostUser('dnsmasq');
}

/** The same for another program with a user of its own. */
export function hostUser(name: string): HostUser | null {
  if (process.geteuid?.() !== 0 || !isWholeHost(readFileSync('/proc/self/uid_map', 'utf8'))) {
    return null;
  }
  const passwd = readFileSync('/etc/passwd', 'utf8');
  return pickUser(passwd, readFileSync('/etc/group', 'utf8'), name);
}

/** The user that the program's package makes, else `nobody`, with its own first group. */
export function pickUser(passwd: string, groups: string, name = 'dnsmasq'): HostUser | null {
  for (const user of [name, 'nobody']) {
    const gid = rowOf(passwd, 0, user)?.[3];
    const group = gid === undefined ? undefined : rowOf(groups, 2, gid)?.[0];
    if (group !== undefined) return { user, group };
  }
  return null;
}

/** False in a user namespace, where most of the host's users do not exist. */
function isWholeHost(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

function rowOf(table: string, column: number, value: string): readonly string[] | undefined {
  return table
    .split('\n')
    .map((line) => line.split(':'))
    .find((row) => row[column] === value);
}
