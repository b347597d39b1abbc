/** What can be shared, and how. */

export type RbacObjectType = 'network' | 'security_group' | 'address_group';
export type RbacAction = 'access_as_shared' | 'access_as_external';

/** The actions that each type of object knows, in the order in which a refusal lists them. */
const ACTIONS: Readonly<Record<RbacObjectType, readonly RbacAction[]>> = {
  network: ['access_as_shared', 'access_as_external'],
  security_group: ['access_as_shared'],
  address_group: ['access_as_shared'],
};

export const RBAC_OBJECT_TYPES = Object.keys(ACTIONS) as readonly RbacObjectType[];

export function actionsOf(type: RbacObjectType): readonly RbacAction[] {
  return ACTIONS[type];
}
