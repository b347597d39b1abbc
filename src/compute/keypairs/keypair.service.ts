/** Key pairs: a user's public keys, which servers are booted with. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import { Fault } from '#platform/fault.ts';
import type { Policy } from '#platform/policy/policy.ts';
import { badRequest, conflict, notFound } from '../compute.faults.ts';
import { limitsOfUser } from '../quota-defaults.ts';
import { checkKeypairName } from './keypair.rules.ts';
import type { KeypairCreateBody } from './keypair.schema.ts';
import type { KeypairRow } from './keypair.store.ts';
import * as store from './keypair.store.ts';
import { certificateFingerprint, newSshKey, sshFingerprint } from './ssh-key.ts';

export type KeypairServiceDeps = {
  readonly db: Db;
  readonly policy: Policy;
  readonly now: () => Date;
};

const RULE = 'os_compute_api:os-keypairs';

export class KeypairService {
  readonly #deps: KeypairServiceDeps;

  constructor(deps: KeypairServiceDeps) {
    this.#deps = deps;
  }

  /** `privateKey` is there only when the pair was made here, and is kept nowhere. */
  async create(
    ctx: Context,
    { keypair }: KeypairCreateBody,
  ): Promise<{ row: KeypairRow; privateKey: string | null }> {
    const { db, policy, now } = this.#deps;
    const userId = keypair.user_id ?? ctx.userId;
    policy.authorize(ctx, `${RULE}:create`, { user_id: userId });
    checkKeypairName(keypair.name, ctx.microversion);
    const type = keypair.type ?? 'ssh';
    const { publicKey, privateKey } = await keyOf(type, keypair.public_key);
    const fingerprint =
      type === 'ssh' ? sshFingerprint(publicKey) : certificateFingerprint(publicKey);
    if (fingerprint === undefined) {
      throw badRequest('Keypair data is invalid: failed to generate fingerprint');
    }
    const row = await db.transaction().execute(async (tx) => {
      // compat: the quota of key pairs is the project's, and each of its users has as many.
      const { key_pairs: limit } = await limitsOfUser(tx, ctx.projectId, userId);
      if (limit >= 0 && (await store.countKeypairs(tx, userId)) >= limit) {
        throw new Fault(
          'over-quota',
          'KeypairLimitExceeded',
          'Quota exceeded, too many key pairs.',
        );
      }
      if (await store.findKeypair(tx, userId, keypair.name)) {
        throw conflict(`Key pair '${keypair.name}' already exists.`);
      }
      await store.insertKeypair(tx, {
        user_id: userId,
        name: keypair.name,
        type,
        public_key: publicKey,
        fingerprint,
        created_at: now().toISOString(),
      });
      const made = await store.findKeypair(tx, userId, keypair.name);
      if (!made) throw new Error('the key pair just made is not there');
      return made;
    });
    return { row, privateKey };
  }

  async list(
    ctx: Context,
    page: {
      readonly userId: string | undefined;
      readonly marker: string | null;
      readonly limit: number;
    },
  ): Promise<readonly KeypairRow[]> {
    const { db, policy } = this.#deps;
    const userId = page.userId ?? ctx.userId;
    policy.authorize(ctx, `${RULE}:index`, { user_id: userId });
    if (page.marker !== null && !(await store.findKeypair(db, userId, page.marker))) {
      throw badRequest(`marker [${page.marker}] not found`);
    }
    return await store.listKeypairs(db, userId, page);
  }

  async get(ctx: Context, name: string, ofUser: string | undefined): Promise<KeypairRow> {
    const { db, policy } = this.#deps;
    const userId = ofUser ?? ctx.userId;
    policy.authorize(ctx, `${RULE}:show`, { user_id: userId });
    const row = await store.findKeypair(db, userId, name);
    if (!row) throw keypairNotFound(name, userId);
    return row;
  }

  async delete(ctx: Context, name: string, ofUser: string | undefined): Promise<void> {
    const { db, policy } = this.#deps;
    const userId = ofUser ?? ctx.userId;
    policy.authorize(ctx, `${RULE}:delete`, { user_id: userId });
    if (!(await store.deleteKeypair(db, userId, name))) throw keypairNotFound(name, userId);
  }
}

async function keyOf(
  type: 'ssh' | 'x509',
  given: string | undefined,
): Promise<{ publicKey: string; privateKey: string | null }> {
  if (given !== undefined) return { publicKey: given, privateKey: null };
  if (type === 'x509') {
    throw badRequest(
      'Keypair data is invalid: certificates are not made here, import one with public_key',
    );
  }
  return await newSshKey();
}

const keypairNotFound = (name: string, userId: string) =>
  notFound(`Keypair ${name} not found for user ${userId}`);
