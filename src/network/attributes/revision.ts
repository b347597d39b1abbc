/** `If-Match: revision_number=N`: a change that is only wanted of the revision that the caller has seen. */
import { badRequest, revisionConstraintFailed } from '../network.faults.ts';

/** The revision that the request is about; undefined when it names none. */
export function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const revision = /^\s*revision_number=(\d{1,15})\s*$/.exec(header)?.[1];
  if (revision === undefined) {
    throw badRequest(
      'Invalid value for If-Match header: only revision_number=<number> is supported',
    );
  }
  return Number(revision);
}

export function checkRevision(wanted: number | undefined, current: number): void {
  if (wanted !== undefined && wanted !== current) throw revisionConstraintFailed(wanted, current);
}
