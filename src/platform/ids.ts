/** Where new ids come from; handed to services so that tests can say what they are. */
import { randomBytes, randomUUID } from 'node:crypto';

/** A random UUID with dashes, as Nova and Neutron use. */
export function newUuid(): string {
  return randomUUID();
}

/** 32 hexadecimal digits, as Keystone uses for users, projects and the like. */
export function newHexId(): string {
  return randomUUID().replaceAll('-', '');
}

/** An id for one request: `req-` and a UUID. */
export function newRequestId(): string {
  return `req-${randomUUID()}`;
}

/** A unicast MAC with Neutron's default prefix. */
export function newMac(): string {
  return `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}
