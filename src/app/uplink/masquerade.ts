/** Lets guests out through the host: one nftables table of ours, and forwarding switched on, put back when the last such cloud goes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { run } from '#drivers/run.ts';
import { Fault } from '#platform/fault.ts';

type Options = { readonly signal: AbortSignal };

const TABLE_PREFIX = 'stackyard-';
/**
 * A chain without rules, by which the kernel remembers for us that forwarding was off before: every table made while it
 * is on because of us has it, and whoever takes the last of them away switches it off again.
 */
const PUT_BACK = 'forwarding-was-off';
const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

export async function ensureMasquerade(
  link: string,
  subnets: readonly string[],
  options: Options,
): Promise<void> {
  const off = readFileSync(FORWARDING, 'utf8').trim() === '0';
  const tables = readTables(await run('nft', ['list', 'chains', 'inet'], options));
  const putBack = off || [...tables.values()].includes(true);
  await run('nft', ['-f', '-'], { ...options, input: masqueradeRules(link, subnets, putBack) });
  if (off) switchForwarding('1');
}

export async function ensureNoMasquerade(link: string, options: Options): Promise<void> {
  const tables = readTables(await run('nft', ['list', 'chains', 'inet'], options));
  const own = tables.get(tableName(link));
  if (own === undefined) return;
  await run('nft', ['delete', 'table', 'inet', tableName(link)], options);
  tables.delete(tableName(link));
  if (own && ![...tables.values()].includes(true)) switchForwarding('0');
}

/** The whole table as one transaction: what comes from these subnets and leaves by another link gets the host's address. */
export function masqueradeRules(
  link: string,
  subnets: readonly string[],
  putBack: boolean,
): string {
  const table = `inet ${tableName(link)}`;
  const rules = ([4, 6] as const).flatMap((version) => {
    const own = subnets.filter((subnet) => subnet.includes(':') === (version === 6));
    if (own.length === 0) return [];
    const field = version === 4 ? 'ip saddr' : 'ip6 saddr';
    const from = `${field} { ${own.join(', ')} }`;
    return [`add rule ${table} to-outside oifname != "${link}" ${from} masquerade`];
  });
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    ...(putBack ? [`add chain ${table} ${PUT_BACK}`] : []),
    `add chain ${table} to-outside { type nat hook postrouting priority srcnat; policy accept; }`,
    ...rules,
    '',
  ].join('\n');
}

/** Tables of ours by name, and whether forwarding was off before them; from what `nft list chains` prints. */
export function readTables(text: string): Map<string, boolean> {
  const tables = new Map<string, boolean>();
  let table = '';
  for (const line of text.split('\n')) {
    const [, name] = /^table inet (\S+) \{/.exec(line) ?? [];
    if (name !== undefined) table = name;
    if (!table.startsWith(TABLE_PREFIX)) continue;
    // A table of the cloud's own firewall is never here, but in a yard.
    const chain = /^\s+chain (\S+) \{/.exec(line)?.[1];
    if (chain === 'to-outside' && !tables.has(table)) tables.set(table, false);
    if (chain === PUT_BACK) tables.set(table, true);
  }
  return tables;
}

function tableName(link: string): string {
  return TABLE_PREFIX + link;
}

function switchForwarding(value: '0' | '1'): void {
  try {
    writeFileSync(FORWARDING, value);
  } catch (cause) {
    const what = value === '1' ? 'switched on' : 'switched off again';
    const message = `Forwarding between networks could not be ${what} on this host: ${FORWARDING} cannot be written. Do it yourself: sysctl -w net.ipv4.ip_forward=${value}`;
    throw new Fault('unavailable', 'ForwardingStays', message, { cause });
  }
}
