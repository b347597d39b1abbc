/** Every fault the identity service raises, by the name of Keystone's exception. */
import { Fault } from '#platform/fault.ts';

export const unauthorized = (why?: string) =>
  new Fault(
    'unauthenticated',
    'Unauthorized',
    'The request you have made requires authentication.',
    why === undefined ? {} : { detail: { why } },
  );

export const authMethodNotSupported = (method: string) =>
  new Fault(
    'unauthenticated',
    'AuthMethodNotSupported',
    'Attempted to authenticate with an unsupported method.',
    { detail: { method } },
  );

export const forbiddenAction = (rule: string) =>
  new Fault(
    'forbidden',
    'ForbiddenAction',
    `You are not authorized to perform the requested action: ${rule}.`,
  );

/** A refusal that is no question of rights. */
export const forbidden = (message: string) => new Fault('forbidden', 'Forbidden', message);

export const invalid = (message: string) => new Fault('invalid', 'ValidationError', message);

/** Something is missing in the body. */
export const expecting = (attribute: string, target: string) =>
  invalid(
    `Expecting to find ${attribute} in ${target}. The server could not comply with the request since it is ` +
      'either malformed or otherwise incorrect. The client is assumed to be in error.',
  );

const NAMES = {
  domain: 'DomainNotFound',
  project: 'ProjectNotFound',
  'project tag': 'ProjectTagNotFound',
  user: 'UserNotFound',
  group: 'GroupNotFound',
  role: 'RoleNotFound',
  region: 'RegionNotFound',
  service: 'ServiceNotFound',
  endpoint: 'EndpointNotFound',
} as const;

export const notFound = (what: keyof typeof NAMES, id: string) =>
  new Fault('not-found', NAMES[what], `Could not find ${what}: ${id}.`);

export const tokenNotFound = (message = 'Failed to validate token') =>
  new Fault('not-found', 'TokenNotFound', message);

export const impliedRoleNotFound = (priorId: string, impliedId: string) =>
  new Fault('not-found', 'ImpliedRoleNotFound', `${priorId} does not imply ${impliedId}.`);

export const invalidImpliedRole = (id: string) =>
  new Fault('forbidden', 'InvalidImpliedRole', `${id} cannot be an implied roles.`);

export const roleAssignmentNotFound = (roleId: string, actorId: string, targetId: string) =>
  new Fault(
    'not-found',
    'RoleAssignmentNotFound',
    `Could not find role assignment with role: ${roleId}, user or group: ${actorId}, ` +
      `project, domain, or system: ${targetId}.`,
  );

export const conflict = (type: string, details: string) =>
  new Fault('conflict', 'Conflict', `Conflict occurred attempting to store ${type} - ${details}.`);

/** `verb` is what was attempted on a resource whose option `immutable` is set. */
export const immutable = (verb: 'update' | 'delete', type: string, id: string) =>
  new Fault(
    'forbidden',
    verb === 'update' ? 'ResourceUpdateForbidden' : 'ResourceDeleteForbidden',
    // compat: the lone back-quote is Keystone's.
    `Unable to ${verb} immutable ${type} resource: \`${id}. Set resource option "immutable" to false first.`,
  );

export const tooBusy = () =>
  new Fault(
    'unavailable',
    'ServiceUnavailable',
    'Too many passwords are being checked at this moment. Try again in a few seconds.',
  );

/** A name that is taken; `domainId` is null for what is in no domain. */
export const duplicateName = (type: string, name: string, domainId: string | null) =>
  conflict(
    type,
    `Duplicate entry found with name ${name}${domainId === null ? '' : ` at domain ID ${domainId}`}`,
  );

export const passwordTooLong = (size: number) =>
  new Fault(
    'forbidden',
    'PasswordVerificationError',
    `The password length must be less than or equal to ${size}. The server could not comply with the ` +
      'request because the password is invalid.',
  );

export const passwordLocked = () =>
  new Fault(
    'invalid',
    'PasswordSelfServiceDisabled',
    'You cannot change your password at this time due to password policy disallowing password ' +
      'changes. Please contact your administrator to reset your password.',
  );

export const domainRoleMismatch = (roleId: string, projectId: string) =>
  new Fault(
    'forbidden',
    'DomainSpecificRoleMismatch',
    `Project ${projectId} must be in the same domain as the role ${roleId} being assigned.`,
  );

export const regionInUse = (id: string) =>
  new Fault(
    'forbidden',
    'RegionDeletionError',
    `Unable to delete region ${id} because it or its child regions have associated endpoints.`,
  );

export const circularRegion = (parentId: string) =>
  new Fault(
    'invalid',
    'CircularRegionHierarchyError',
    `The specified parent region ${parentId} would create a circular region hierarchy.`,
  );

export const invalidEndpointUrl = (url: string) =>
  new Fault(
    'invalid',
    'URLValidationError',
    `Cannot create an endpoint with an invalid URL: ${url}.`,
  );
