/** Public keys as OpenSSH writes them, and new pairs of them. */
import { createHash, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

/** Nova's own size. */
const RSA_BITS = 2048;
const generate = promisify(generateKeyPair);

/** MD5 of the key's bytes, as two digits with colons; undefined for what is no key. */
export function sshFingerprint(publicKey: string): string | undefined {
  const [type = '', base64 = ''] = publicKey.trim().split(/\s+/);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const blob = Buffer.from(base64, 'base64');
  // The bytes begin with the name of the type once more.
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  if (type === '' || blob.subarray(4, 4 + length).toString('latin1') !== type) return undefined;
  if (blob.length <= 4 + length) return undefined;
  return colons(createHash('md5').update(blob).digest());
}

/** SHA-1 of a certificate in PEM; undefined for what is none. */
export function certificateFingerprint(pem: string): string | undefined {
  try {
    return colons(createHash('sha1').update(new X509Certificate(pem).raw).digest());
  } catch {
    return undefined; // not a certificate
  }
}

/** A new pair; the private half in PEM, which ssh takes with `-i`. */
export async function newSshKey(): Promise<{ publicKey: string; privateKey: string }> {
  const { publicKey, privateKey } = await generate('rsa', { modulusLength: RSA_BITS });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const blob = Buffer.concat([
    field(Buffer.from('ssh-rsa')),
    field(positive(Buffer.from(e, 'base64url'))),
    field(positive(Buffer.from(n, 'base64url'))),
  ]);
  return {
    publicKey: `ssh-rsa ${blob.toString('base64')} Generated-by-Nova`,
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
  };
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A number whose first bit is set would be read as negative. */
function positive(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function colons(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
