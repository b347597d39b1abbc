/** Why a console cannot be had, in Nova's words. */
import { Fault } from '#platform/fault.ts';

/** Nova has such consoles, and this cloud has not. */
export const consoleTypeUnavailable = (type: string) =>
  new Fault('invalid', 'ConsoleTypeUnavailable', `Unavailable console type ${type}.`);

/** The protocol has no consoles of this type. */
export const consoleTypeInvalid = (type: string) =>
  new Fault('invalid', 'ConsoleTypeInvalid', `Invalid console type ${type}`);

export const tokenNotFound = () => new Fault('not-found', 'HTTPNotFound', 'Token not found');

/** compat: what served RDP consoles alone is refused since those are gone, without a word on why. */
export const onlyRdp = () =>
  new Fault(
    'invalid',
    'HTTPBadRequest',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  );

/** compat: Nova says since when, and this is no error of the request's. */
export const rdpGone = () =>
  new Fault(
    'not-found',
    'ConsoleTypeGone',
    'RDP consoles are only available when using the Hyper-V driver, which was\nremoved from Nova in the 29.0.0 (Caracal) release.\n',
  );

export const tooManyConnections = (id: string) =>
  new Fault('unavailable', 'TooManyConnections', `Too many sit at the consoles of ${id} already.`);

/** The door to consoles tells nobody what was wrong with a token. */
export const ticketRefused = () =>
  new Fault('forbidden', 'InvalidToken', 'The token is invalid or has expired.');
