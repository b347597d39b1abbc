/** Ways from the host into the namespace of a cloud's uplink. */
import { join } from 'node:path';
import { NETNS_DIR, UPLINK_NAMESPACE } from '#drivers/dataplane/linux/names.ts';
import { fileMark } from '#drivers/processes.ts';
import { run } from '#drivers/run.ts';
import { enterYard, type Yard } from '#drivers/yard/yard.ts';

/** The namespace as a file that this process can hand to others; it leads nowhere while there is no uplink. */
export function uplinkPath(yard: Yard): string {
  return `/proc/${yard.keeperPid}/root${join(NETNS_DIR, UPLINK_NAMESPACE)}`;
}

/** Which namespace it is; undefined while there is none. */
export function uplinkInode(yard: Yard): number | undefined {
  const mark = fileMark(uplinkPath(yard));
  // A file on which nothing is mounted yet, or any more, is of the yard's own file system.
  return mark?.dev === fileMark('/proc/self/ns/net')?.dev ? mark?.ino : undefined;
}

/** Runs a command there, with `input` on its standard input. */
export async function runInUplink(
  yard: Yard,
  words: readonly string[],
  options: { readonly signal: AbortSignal; readonly input?: string },
): Promise<string> {
  const there = ['nsenter', `--net=${join(NETNS_DIR, UPLINK_NAMESPACE)}`, '--'];
  const [command = '', ...args] = enterYard(yard, '/');
  return await run(command, [...args, ...there, ...words], options);
}
