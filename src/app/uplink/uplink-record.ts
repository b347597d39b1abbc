/** What the cloud has of the host and the outside, as other commands read it in its state directory. */
import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { statePaths } from '#platform/config.ts';
import type { HostLink } from '#platform/uplink-config.ts';
import { writePrivateFile } from '../private-file.ts';

export type UplinkRecord = {
  /** The link to the host that there is or may be; null when none is wanted. */
  readonly hostLink: HostLink | null;
  /** Subnets that the host reaches by it. */
  readonly reached: readonly string[];
  /** How guests get out; null when they do not. */
  readonly outbound: 'masquerade' | 'pasta' | 'slirp4netns' | null;
  /** What could not be done, for people. */
  readonly troubles: readonly string[];
};

export function writeUplinkRecord(stateDir: string, record: UplinkRecord): void {
  writePrivateFile(path(stateDir), `${JSON.stringify(record)}\n`);
}

export function findUplinkRecord(stateDir: string): UplinkRecord | undefined {
  try {
    return JSON.parse(readFileSync(path(stateDir), 'utf8')) as UplinkRecord;
  } catch {
    return undefined; // never made, or removed as it should be
  }
}

export function removeUplinkRecord(stateDir: string): void {
  rmSync(path(stateDir), { force: true });
}

/** The state directory without symbolic links, as the yard and everything that is marked with it have it. */
export function homeOf(stateDir: string): string {
  try {
    return realpathSync(stateDir);
  } catch {
    return stateDir; // it is not there: nothing is marked with it
  }
}

function path(stateDir: string): string {
  return join(statePaths(stateDir).run, 'uplink.json');
}
