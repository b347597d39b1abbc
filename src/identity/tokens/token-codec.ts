/**
 * Tokens that carry what they say, encrypted: no row is written when one is issued, and they outlive a restart.
 *
 * A token is `version | nonce | ciphertext | tag` in base64url; the text inside is a JSON array. Who is in it is not
 * a right: the user, the scope and the roles are looked up anew when it is used, so a token never knows too much.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export type TokenScope =
  | { readonly kind: 'none' }
  | { readonly kind: 'project'; readonly id: string }
  | { readonly kind: 'domain'; readonly id: string }
  | { readonly kind: 'system' };

export type TokenClaims = {
  readonly userId: string;
  /** How the bearer proved who they are: `password`, `token`, ... */
  readonly methods: readonly string[];
  readonly scope: TokenScope;
  /** This token's own, then that of the first one in its chain of rescoping. */
  readonly auditIds: readonly string[];
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
};

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** The first key encrypts, each may decrypt: so a key can be replaced without throwing anybody out. */
export function encodeToken(claims: TokenClaims, keys: readonly Buffer[]): string {
  const [key] = keys;
  if (!key) throw new Error('there is no key to encrypt tokens with');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const head = Buffer.from([VERSION]);
  cipher.setAAD(head);
  const text = JSON.stringify([
    claims.userId,
    claims.methods,
    claims.scope.kind,
    'id' in claims.scope ? claims.scope.id : '',
    claims.auditIds,
    claims.issuedAt,
    claims.expiresAt,
  ]);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([head, nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Undefined for anything that was not made with one of the keys. Says nothing of whether it is still valid. */
export function decodeToken(token: string, keys: readonly Buffer[]): TokenClaims | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length < 1 + NONCE_BYTES + TAG_BYTES || bytes[0] !== VERSION) return undefined;
  // Of texts that decode to the same bytes one is the token: no other spelling gets past a revocation or a log.
  if (bytes.toString('base64url') !== token) return undefined;
  for (const key of keys) {
    const text = decrypt(bytes, key);
    if (text !== undefined) return claimsOf(text);
  }
  return undefined;
}

function decrypt(bytes: Buffer, key: Buffer): string | undefined {
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bytes.subarray(0, 1));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  const sealed = bytes.subarray(1 + NONCE_BYTES, bytes.length - TAG_BYTES);
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
  } catch {
    // Node's only way to say that the tag does not fit: another key, or a forgery.
    return undefined;
  }
}

type Wire = [string, string[], TokenScope['kind'], string, string[], number, number];

function claimsOf(text: string): TokenClaims {
  const [userId, methods, kind, id, auditIds, issuedAt, expiresAt] = JSON.parse(text) as Wire;
  const scope: TokenScope = kind === 'project' || kind === 'domain' ? { kind, id } : { kind };
  return { userId, methods, scope, auditIds, issuedAt, expiresAt };
}
