/** When what was given can be taken back. Pure: facts come in as arguments. */
import { invalidAction, rbacPolicyInUse } from './rbac-policy.faults.ts';
import { actionsOf, type RbacAction, type RbacObjectType } from './rbac-objects.ts';

/** One grant, and what hangs on it. */
export type Grant = {
  readonly objectType: RbacObjectType;
  readonly objectId: string;
  readonly owner: string;
  /** A project, or `*` for everybody. */
  readonly target: string;
  /** Everybody that the object was given to, this one included. */
  readonly targets: ReadonlySet<string>;
  /** The projects that use the object. */
  readonly users: ReadonlySet<string>;
};

/** One grant of an external network, and who has a way out by it. */
export type ExternalGrant = {
  readonly networkId: string;
  readonly isDefault: boolean;
  /** A project, or `*` for everybody. */
  readonly target: string;
  /** Who is given it instead; null for nobody. */
  readonly newTarget: string | null;
  /** Everybody that the network was given to, this one included. */
  readonly targets: ReadonlySet<string>;
  /** The projects whose routers have their gateway there. */
  readonly routed: ReadonlySet<string>;
};

/** Refuses to take back an external network from who has a router on it. */
export function checkExternalRemovable(grant: ExternalGrant): void {
  const { networkId, isDefault, target, newTarget, targets, routed } = grant;
  if (newTarget === target) return;
  if (target === '*' && isDefault) {
    throw rbacPolicyInUse(networkId, 'Default external networks must be shared to everyone.');
  }
  const left = new Set([...targets].filter((one) => one !== target));
  if (newTarget !== null) left.add(newTarget);
  if (left.has('*')) return;
  const lost = [...routed].some((one) => !left.has(one) && (target === '*' || one === target));
  if (lost) {
    throw rbacPolicyInUse(
      networkId,
      'There are routers attached to this network that depend on this policy for access.',
    );
  }
}

export function readAction(type: RbacObjectType, action: string): RbacAction {
  const known = actionsOf(type).find((one) => one === action);
  if (!known) throw invalidAction(action, type);
  return known;
}

/** Refuses to take back an object that somebody uses who would have no right to it any more. */
export function checkRemovable(grant: Grant): void {
  const { objectType, objectId, owner, target, targets, users } = grant;
  if (target === owner) return;
  const others = new Set([...targets].filter((one) => one !== target));
  if (others.has('*')) return;
  const lost = [...users].filter(
    (user) => user !== owner && !others.has(user) && (target === '*' || user === target),
  );
  if (lost.length === 0) return;
  throw rbacPolicyInUse(
    objectId,
    objectType === 'network'
      ? `Unable to reconfigure sharing settings for network ${objectId}. Multiple projects are using it.`
      : `project_id=${target}`,
  );
}
