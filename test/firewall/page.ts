/** The table in `docs/compat/firewall.md`, as its text. */
import { readFileSync } from 'node:fs';
import { ROWS, type Cell, type Row } from './table.ts';

export const PAGE = new URL('../../docs/compat/firewall.md', import.meta.url);

const HEADS = ['frame', 'strict', 'l2', 'transparent', 'security off', 'OVS', 'iptables', 'OVN'];

const SECTIONS = [
  ['out', 'Out of the guest'],
  ['in', 'Into the guest'],
] as const;

/** Both halves of the table, with their headings. */
export function tableText(): string {
  return SECTIONS.map(([direction, title]) => {
    const rows = ROWS.filter((row) => row.direction === direction);
    const lines = [HEADS, HEADS.map(() => '---'), ...rows.map(cells)];
    return `### ${title}\n\n${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}\n`;
  }).join('\n');
}

/** The part of the page that `tableText` is: up to the next heading of a chapter. */
export function tableOnPage(): string {
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf(`### ${SECTIONS[0][1]}\n`);
  const to = page.indexOf('\n## ', from);
  if (from < 0 || to < 0) throw new Error('the page has no table');
  return page.slice(from, to);
}

function cells(row: Row): readonly string[] {
  const ours = [row.strict, row.l2, row.transparent, row.off].map(say);
  return [row.frame, ...ours, row.ovs, row.iptables, row.ovn];
}

function say(cell: Cell): string {
  return cell === 'drop' ? '**drop**' : cell;
}
