/** The service catalog: where each API is reached. Shown with every scoped token. */
import type { IdentityCore } from '../identity-core.ts';
import { catalogOf, type CatalogEntry, type CatalogParts } from './catalog.rules.ts';
import { listCatalogParts } from './catalog.store.ts';

export class CatalogService {
  readonly #core: IdentityCore;
  #known: { readonly generation: number; readonly parts: CatalogParts } | undefined;

  constructor(core: IdentityCore) {
    this.#core = core;
  }

  /** The catalog for a user, and for the project that the token is scoped to if it is. */
  async show(userId: string, projectId: string | undefined): Promise<readonly CatalogEntry[]> {
    return catalogOf(await this.#parts(), {
      public_url: this.#core.publicUrl(),
      user_id: userId,
      project_id: projectId,
      tenant_id: projectId,
    });
  }

  async #parts(): Promise<CatalogParts> {
    const { db, writes } = this.#core;
    if (this.#known?.generation === writes.generation) return this.#known.parts;
    const { generation } = writes;
    const parts = await listCatalogParts(db);
    this.#known = { generation, parts };
    return parts;
  }
}
