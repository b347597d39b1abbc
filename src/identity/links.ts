/** The addresses that answers point to: on whatever name the caller reached this cloud by. */

/** The service's prefix on the one HTTP port. */
export const PREFIX = '/identity';

/** The part of a request that says how the cloud was reached. */
export type Reached = { readonly protocol: string; readonly host: string; readonly url: string };

/** The address of the API's version 3, without a slash at the end. */
export function apiUrl(reached: Reached): string {
  return `${origin(reached)}${PREFIX}/v3`;
}

/** The address that was asked for, with its query. */
export function ownUrl(reached: Reached): string {
  return `${origin(reached)}${reached.url}`;
}

function origin({ protocol, host }: Reached): string {
  // A Host header is the caller's word: what could not be part of an address is not repeated.
  return `${protocol}://${/^[\w.:[\]-]{1,255}$/.test(host) ? host : 'localhost'}`;
}
