/** Every refusal of the compute service, under the name and in the words that clients know. */
import { pythonStr } from '#base/text/python.ts';
import type { Dialect } from '#platform/http/fault-bodies.ts';
import { computeDialect } from '#platform/http/fault-bodies.ts';
import type { ValidatedPart, ValidationProblem } from '#platform/http/validation.ts';
import { Fault } from '#platform/fault.ts';

/** How the compute service words and numbers its refusals. */
export const dialect: Dialect = {
  ...computeDialect,
  statusOfCode: {
    // compat: nova says 500 with a text of its own when a host cannot plug a card.
    InterfaceAttachFailed: 500,
    // compat: nova has 403 for metadata, tags and the like, which are no quota of their own.
    MetadataLimitExceeded: 403,
    ConsoleTypeGone: 410,
  },
  invalid: invalidInput,
};

/** A request that its schema refuses. */
export function invalidInput(
  { path, value, message }: ValidationProblem,
  part: ValidatedPart,
): Fault {
  const field = path.at(-1);
  if (field === undefined && part === 'body') return badRequest(message);
  // compat: what nova cannot place within a query it places at `None`.
  const name = field ?? 'None';
  const where = part === 'querystring' ? 'query parameters' : 'field/attribute';
  return badRequest(`Invalid input for ${where} ${name}. Value: ${pythonStr(value)}. ${message}`);
}

export const badRequest = (message: string) => new Fault('invalid', 'HTTPBadRequest', message);
export const conflict = (message: string) => new Fault('conflict', 'HTTPConflict', message);
export const notFound = (message: string) => new Fault('not-found', 'HTTPNotFound', message);

export const policyDenied = (rule: string) =>
  new Fault('forbidden', 'PolicyNotAuthorized', `Policy doesn't allow ${rule} to be performed.`);

export const malformedBody = () =>
  new Fault('invalid', 'MalformedRequestBody', 'Malformed request body');

export const noSuchAction = (name: string) =>
  new Fault('invalid', 'HTTPBadRequest', `There is no such action: ${name}`);

export const versionNotFoundForMethod = (minor: number) =>
  new Fault(
    'not-found',
    'VersionNotFoundForAPIMethod',
    `API version '2.${minor}' is not supported on this method.`,
  );

export const serverNotFound = (id: string) =>
  new Fault('not-found', 'InstanceNotFound', `Instance ${id} could not be found.`);

export const serverLocked = (id: string) =>
  new Fault('conflict', 'InstanceIsLocked', `Instance ${id} is locked`);

/** The server is in a state in which this cannot be done to it. */
export const serverInvalidState = (
  action: string,
  id: string,
  attribute: 'vm_state' | 'task_state',
  state: string,
) =>
  new Fault(
    'conflict',
    'InstanceInvalidState',
    `Cannot '${action}' instance ${id} while it is in ${attribute} ${state}`,
  );

/** It cannot be done, and no single state is to blame: the server never ran, or has nothing to run. */
export const serverUnfit = (action: string, id: string) =>
  new Fault(
    'conflict',
    'InstanceInvalidState',
    `Instance ${id} is in an invalid state for '${action}'`,
  );

export const serverNotReady = (id: string) =>
  new Fault('conflict', 'InstanceNotReady', `Instance ${id} is not ready`);

export const flavorNotFound = (id: string) =>
  new Fault('not-found', 'FlavorNotFound', `Flavor ${id} could not be found.`);

export const quotaExceeded = (
  overs: readonly string[],
  requested: number,
  used: number,
  limit: number,
) => {
  const names = overs.join(', ');
  return new Fault(
    'over-quota',
    'TooManyInstances',
    `Quota exceeded for ${names}: Requested ${requested}, but already used ${used} of ${limit} ${names}`,
  );
};

export const metadataLimitExceeded = (limit: number) =>
  new Fault(
    'over-quota',
    'MetadataLimitExceeded',
    `Maximum number of metadata items exceeds ${limit}`,
  );

export const portLimitExceeded = () =>
  new Fault('over-quota', 'PortLimitExceeded', 'Maximum number of ports exceeded');

/** The quota was made smaller than what is there. */
export const portsOverLimit = (used: number, limit: number) =>
  new Fault(
    'over-quota',
    'PortLimitExceeded',
    `The number of defined ports: ${used} is over the limit: ${limit}`,
  );

/** What a faulty host or network leaves in a server's `fault`. */
export const noValidHost = (why = '', detail: Record<string, unknown> = {}) =>
  new Fault('no-capacity', 'NoValidHost', `No valid host was found. ${why}`, { detail });

export const hostUnreachable = (host: string) =>
  new Fault(
    'unavailable',
    'ComputeServiceUnavailable',
    `Compute service of ${host} is unavailable at this time.`,
  );

/** A server that is going away takes no more changes; sagas end on this. */
export const serverGoing = (id: string) =>
  new Fault('conflict', 'UnexpectedDeletingTaskStateError', `Instance ${id} is being deleted.`);

export const notSupported = (what: string) =>
  new Fault('not-implemented', 'NotImplementedError', what);
