/** Fills an empty database so that a cloud can be used: what `keystone-manage bootstrap` does, and a catalog. */
import type { Tx } from '#platform/db/tables.ts';
import { CLOUD_SERVICES } from '../catalog/endpoints-of-cloud.ts';
import type {
  BootstrapWanted,
  IdentityBootstrap,
  ProjectWithUser,
  ProjectWithUserWanted,
} from '../identity-api.ts';
import type { IdentityCore } from '../identity-core.ts';
import { notFound } from '../identity.faults.ts';
import { findProject, findProjectByName, insertProject } from '../projects/project.store.ts';
import { findRoleByName, insertImplication, insertRole } from '../roles/role.store.ts';
import type { PasswordHasher } from '../tokens/password-hash.ts';
import { revokeTokens } from '../tokens/revocations.ts';
import { findUser, findUserByName, insertUser, updateUser } from '../users/user.store.ts';
import { ensureAssignment, ensureRegion, insertCatalog } from './bootstrap.store.ts';

export const DEFAULT_DOMAIN = 'default';

/** Each implies the next. */
const ROLES = ['admin', 'manager', 'member', 'reader'] as const;

export class BootstrapService implements IdentityBootstrap {
  readonly #core: IdentityCore;
  readonly #hasher: PasswordHasher;

  constructor(core: IdentityCore, hasher: PasswordHasher) {
    this.#core = core;
    this.#hasher = hasher;
  }

  async ensureBootstrap(wanted: BootstrapWanted): Promise<boolean> {
    const { db, writes } = this.#core;
    if (await findProject(db, DEFAULT_DOMAIN)) return false;
    const hash = await this.#hasher.hash(wanted.adminPassword);
    await writes.run(async (tx) => {
      await this.#makeDomain(tx);
      const admin = await this.#makeProject(
        tx,
        'admin',
        'Bootstrap project for initializing the cloud.',
      );
      await this.#makeProject(tx, 'service', 'Keystone Service Project');
      const userId = await this.#makeUser(tx, 'admin', hash);
      const adminRole = await this.#makeRoles(tx);
      await this.#assign(tx, userId, 'project', admin, adminRole);
      await this.#assign(tx, userId, 'system', 'system', adminRole);
      await this.#makeCatalog(tx, wanted.region ?? 'RegionOne');
    });
    return true;
  }

  async ensureProjectWithUser(wanted: ProjectWithUserWanted): Promise<ProjectWithUser> {
    const { db, writes } = this.#core;
    const known = await findUserByName(db, wanted.userName, DEFAULT_DOMAIN);
    const hash = known ? undefined : await this.#hasher.hash(wanted.password);
    return await writes.run(async (tx) => {
      const project = await findProjectByName(tx, wanted.projectName, DEFAULT_DOMAIN);
      const projectId =
        project?.id ?? (await this.#makeProject(tx, wanted.projectName, wanted.description ?? ''));
      const user = await findUserByName(tx, wanted.userName, DEFAULT_DOMAIN);
      const userId = user?.id ?? (await this.#makeUser(tx, wanted.userName, hash ?? null));
      for (const name of wanted.roles ?? ['member']) {
        const role = await findRoleByName(tx, name);
        if (!role) throw notFound('role', name);
        await this.#assign(tx, userId, 'project', projectId, role.id);
      }
      return { projectId, userId, created: !project || !user };
    });
  }

  async setPassword(userId: string, password: string): Promise<void> {
    const { writes } = this.#core;
    const password_hash = await this.#hasher.hash(password);
    await writes.run(async (tx) => {
      if (!(await findUser(tx, userId))) throw notFound('user', userId);
      await updateUser(tx, userId, { password_hash });
      await revokeTokens(this.#core, tx, 'user', userId);
    });
  }

  async #makeDomain(tx: Tx): Promise<void> {
    await insertProject(tx, {
      id: DEFAULT_DOMAIN,
      domain_id: null,
      parent_id: null,
      is_domain: 1,
      name: 'Default',
      description: 'The default domain',
      enabled: 1,
      extra: '{}',
      options: '{}',
      created_at: this.#core.now().toISOString(),
    });
  }

  async #makeProject(tx: Tx, name: string, description: string): Promise<string> {
    const { id } = await insertProject(tx, {
      id: this.#core.newId(),
      domain_id: DEFAULT_DOMAIN,
      parent_id: DEFAULT_DOMAIN,
      is_domain: 0,
      name,
      description,
      enabled: 1,
      extra: '{}',
      options: '{}',
      created_at: this.#core.now().toISOString(),
    });
    return id;
  }

  async #makeUser(tx: Tx, name: string, password_hash: string | null): Promise<string> {
    const { id } = await insertUser(tx, {
      id: this.#core.newId(),
      domain_id: DEFAULT_DOMAIN,
      name,
      enabled: 1,
      default_project_id: null,
      password_hash,
      extra: '{}',
      options: '{}',
      created_at: this.#core.now().toISOString(),
    });
    return id;
  }

  /** Returns the id of the role `admin`. */
  async #makeRoles(tx: Tx): Promise<string> {
    const make = async (name: string) =>
      await insertRole(tx, {
        id: this.#core.newId(),
        domain_id: null,
        name,
        description: null,
        extra: '{}',
        options: JSON.stringify({ immutable: true }),
      });
    const ids: string[] = [];
    for (const name of ROLES) ids.push((await make(name)).id);
    await make('service');
    for (const [index, id] of ids.entries()) {
      const implied = ids[index + 1];
      if (implied !== undefined) await insertImplication(tx, id, implied);
    }
    const [admin] = ids;
    if (admin === undefined) throw new Error('there is no role to give to the admin');
    return admin;
  }

  async #assign(
    tx: Tx,
    userId: string,
    target_type: 'project' | 'system',
    target_id: string,
    role_id: string,
  ): Promise<void> {
    await ensureAssignment(tx, {
      actor_type: 'user',
      actor_id: userId,
      target_type,
      target_id,
      role_id,
      inherited: 0,
    });
  }

  async #makeCatalog(tx: Tx, region: string): Promise<void> {
    await ensureRegion(tx, region);
    for (const { type, name, description, url } of CLOUD_SERVICES) {
      const serviceId = this.#core.newId();
      const endpoints = (['admin', 'internal', 'public'] as const).map((interface_) => ({
        id: this.#core.newId(),
        service_id: serviceId,
        region_id: region,
        interface: interface_,
        url,
        enabled: 1 as const,
        extra: '{}',
      }));
      const extra = JSON.stringify({ description });
      await insertCatalog(tx, { id: serviceId, type, name, enabled: 1, extra }, endpoints);
    }
  }
}
