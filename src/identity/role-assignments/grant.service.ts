/** Gives roles to users and groups, and takes them back. */
import type { Context } from '#platform/context.ts';
import type { Target as PolicyTarget } from '#platform/policy/check-string.ts';
import { findGroup } from '../groups/group.store.ts';
import type { IdentityCore } from '../identity-core.ts';
import {
  domainRoleMismatch,
  invalid,
  notFound,
  roleAssignmentNotFound,
} from '../identity.faults.ts';
import { projectTarget } from '../projects/project-target.ts';
import { findProject } from '../projects/project.store.ts';
import { roleTarget } from '../roles/role.service.ts';
import { findRole, findRoles, type RoleRow } from '../roles/role.store.ts';
import { userTarget } from '../users/user-target.ts';
import { findUser } from '../users/user.store.ts';
import * as store from './role-assignment.store.ts';

type Verb = 'check' | 'create' | 'revoke' | 'list';

export class GrantService {
  readonly #core: IdentityCore;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  /** The roles that were given there, without what they imply. */
  async list(ctx: Context, place: store.GrantPlace): Promise<readonly RoleRow[]> {
    const { db } = this.#core;
    const { missing } = await this.#authorized(ctx, 'list', place, undefined);
    if (missing) throw missing;
    return await findRoles(db, await store.grantedRoleIds(db, place));
  }

  async check(ctx: Context, place: store.GrantPlace, roleId: string): Promise<void> {
    const { missing } = await this.#authorized(ctx, 'check', place, roleId);
    if (missing) throw missing;
    if ((await store.grantedRoleIds(this.#core.db, place)).includes(roleId)) return;
    throw roleAssignmentNotFound(roleId, place.actor.id, place.target.id);
  }

  async create(ctx: Context, place: store.GrantPlace, roleId: string): Promise<void> {
    const { missing, role, domainOfTarget } = await this.#authorized(ctx, 'create', place, roleId);
    if (missing) throw missing;
    if (role?.domain_id) {
      if (place.target.type === 'system') {
        throw invalid(
          `Role ${roleId} is a domain-specific role. Unable to use a domain-specific role in a system assignment.`,
        );
      }
      if (role.domain_id !== domainOfTarget) throw domainRoleMismatch(roleId, place.target.id);
    }
    await this.#core.writes.run(async (tx) => await store.insertGrant(tx, place, roleId));
  }

  async revoke(ctx: Context, place: store.GrantPlace, roleId: string): Promise<void> {
    const { missingTarget } = await this.#authorized(ctx, 'revoke', place, roleId);
    // Whoever had the role need not exist any more.
    if (missingTarget) throw missingTarget;
    const there = await this.#core.writes.run(
      async (tx) => await store.deleteGrant(tx, place, roleId),
    );
    if (!there) throw roleAssignmentNotFound(roleId, place.actor.id, place.target.id);
  }

  async #authorized(
    ctx: Context,
    verb: Verb,
    { actor, target }: store.GrantPlace,
    roleId: string | undefined,
  ) {
    const { db, policy } = this.#core;
    const role = roleId === undefined ? undefined : await findRole(db, roleId);
    const user = actor.type === 'user' ? await findUser(db, actor.id) : undefined;
    const group = actor.type === 'group' ? await findGroup(db, actor.id) : undefined;
    const row = target.type === 'system' ? undefined : await findProject(db, target.id);
    const on = row && (row.is_domain === 1) === (target.type === 'domain') ? row : undefined;
    const facts: PolicyTarget = {
      ...roleTarget(role),
      ...userTarget(user),
      ...(group && { 'target.group.id': group.id, 'target.group.domain_id': group.domain_id }),
      ...(target.type === 'domain' && on ? { 'target.domain.id': on.id } : {}),
      ...(target.type === 'project' ? projectTarget(on) : {}),
    };
    policy.authorize(ctx, ruleFor(verb, target.type, actor.type), facts);
    const missingRole = roleId !== undefined && !role ? notFound('role', roleId) : undefined;
    const missingTarget =
      missingRole ??
      (target.type !== 'system' && !on ? notFound(target.type, target.id) : undefined);
    return {
      role,
      domainOfTarget: on?.domain_id ?? on?.id,
      missingTarget,
      missing: missingTarget ?? (user || group ? undefined : notFound(actor.type, actor.id)),
    };
  }
}

export function ruleFor(
  verb: Verb,
  target: store.GrantPlace['target']['type'],
  actor: store.GrantPlace['actor']['type'],
): string {
  const grants = verb === 'list' ? 'grants' : 'grant';
  return target === 'system'
    ? `identity:${verb}_system_${grants}_for_${actor}`
    : `identity:${verb}_${grants}`;
}
