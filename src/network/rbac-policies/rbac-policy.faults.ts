/** Every refusal around sharing. */
import { pythonRepr } from '#base/text/python.ts';
import { Fault } from '#platform/fault.ts';
import { actionsOf, type RbacObjectType } from './rbac-objects.ts';

export const rbacPolicyNotFound = (id: string) =>
  new Fault(
    'not-found',
    'RbacPolicyNotFound',
    `RBAC policy of type unknown with ID ${id} not found`,
  );

export const duplicateRbacPolicy = () =>
  new Fault('conflict', 'DuplicateRbacPolicy', 'An RBAC policy already exists with those values.');

export const rbacPolicyInUse = (objectId: string, details: string) =>
  new Fault(
    'conflict',
    'RbacPolicyInUse',
    `RBAC policy on object ${objectId} cannot be removed because other objects depend on it.\nDetails: ${details}`,
  );

export const invalidAction = (action: string, type: RbacObjectType) =>
  new Fault(
    'invalid',
    'InvalidActionForType',
    `Invalid action '${action}' for object type '${type}'. Valid actions: ${pythonRepr([...actionsOf(type)])}`,
  );
