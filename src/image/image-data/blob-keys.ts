/** Under which key the bytes of an image are kept. */
import { randomBytes } from 'node:crypto';

/** New for every upload, so that what is left of an earlier one is never taken for this one's. */
export function newBlobKey(imageId: string): string {
  return `${imageId}.${randomBytes(4).toString('hex')}`;
}
