/** Sharing as it travels: who was given access to what. */
import { pythonStr } from '#base/text/python.ts';
import {
  defineResource,
  type CreateOf,
  type Reader,
  type UpdateOf,
} from '../attributes/attribute.ts';
import { text, uuid } from '../attributes/readers.ts';
import { STANDARD } from '../attributes/standard.ts';
import { invalidInput } from '../network.faults.ts';
import { RBAC_OBJECT_TYPES, type RbacObjectType } from './rbac-objects.ts';

const objectType: Reader<RbacObjectType> = (sent) => {
  const word = typeof sent === 'string' ? sent.trim().toLowerCase() : '';
  const found = RBAC_OBJECT_TYPES.find((type) => type === word);
  if (!found) throw invalidInput(`'${pythonStr(sent)}' is not a valid RBAC object type`);
  return found;
};

const WRITTEN = ['create', 'update'] as const;

export const RBAC_POLICY = defineResource('rbac_policy', 'rbac_policies', {
  id: STANDARD.id,
  object_type: { read: objectType, post: 'required', filter: 'text', guard: ['create'] },
  object_id: { read: uuid, post: 'required', filter: 'text', guard: ['create'] },
  target_tenant: { read: text(255), post: 'required', put: true, filter: 'own', guard: WRITTEN },
  project_id: STANDARD.project_id,
  action: { read: text(255), post: 'required', filter: 'text', guard: ['create'] },
});

export type RbacPolicyCreate = CreateOf<typeof RBAC_POLICY>;
export type RbacPolicyUpdate = UpdateOf<typeof RBAC_POLICY>;
