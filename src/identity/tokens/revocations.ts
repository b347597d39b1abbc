/** Takes tokens back before they expire. Called inside the transaction of the change that is the reason. */
import type { Tx } from '#platform/db/tables.ts';
import type { IdentityCore } from '../identity-core.ts';
import { deleteRevocationsBefore, insertRevocation, type Revoked } from './token.store.ts';

export const TOKEN_LIFETIME_MS = 3_600_000;
/** For how long after its end a service may still ask about a token (`allow_expired`), as Keystone has it. */
export const EXPIRED_WINDOW_MS = 172_800_000;

/** Revokes all tokens of a user or a project, or one token by its audit id, that were issued until now. */
export async function revokeTokens(
  core: Pick<IdentityCore, 'now'>,
  tx: Tx,
  kind: Revoked['kind'],
  subjectId: string,
): Promise<void> {
  const now = core.now().getTime();
  await insertRevocation(tx, { kind, subject_id: subjectId }, now);
  await deleteRevocationsBefore(tx, now - TOKEN_LIFETIME_MS - EXPIRED_WINDOW_MS);
}
