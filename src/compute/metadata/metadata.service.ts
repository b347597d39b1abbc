/** The metadata service: answers what guests ask about themselves. */
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import { internalContext } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { Logger } from '#platform/log.ts';
import type { NetworkApi } from '#network/network-api.ts';
import { findInterface, listInterfaces } from '../interfaces/interface.store.ts';
import type { ServerRow } from '../servers/server-row.ts';
import { findServer, updateServer } from '../servers/server.store.ts';
import type { MetadataContent } from './content.ts';
import { notFound } from './http-answers.ts';
import { answerFrom, answerToAnybody, asksForPassword } from './metadata-router.ts';
import { passwordTurn } from './password.rules.ts';
import { serverContent, type ServerContentDeps } from './server-content.ts';

export type MetadataServiceDeps = ServerContentDeps & {
  readonly db: Db;
  readonly network: Pick<NetworkApi, 'onPortEvent'>;
  readonly log: Logger;
  readonly now: () => Date;
};

/** `of`: the rows that it was gathered from. */
type Kept = { readonly of: string; readonly until: number; readonly content: Gathering };
type Gathering = Promise<MetadataContent>;

/**
 * What the network says of a server's cards is not asked anew for each file: a guest reads a dozen of them in a row. A
 * port that changes is said at once; a subnet or a floating IP that does is seen after this time. Nova keeps it for 15 s.
 */
const KEPT_MS = 1000;
/** Long enough for anything that gathers facts from the database. */
const ANSWER_MS = 10_000;

export class MetadataService {
  readonly #deps: MetadataServiceDeps;
  /** By server. */
  readonly #kept = new Map<string, Kept>();
  readonly #stop: () => void;

  constructor(deps: MetadataServiceDeps) {
    this.#deps = deps;
    this.#stop = deps.network.onPortEvent(({ deviceId }) => this.#kept.delete(deviceId));
  }

  close(): void {
    this.#stop();
  }

  async answer(question: MetadataQuestion): Promise<HttpAnswer> {
    const known = answerToAnybody(question);
    if (known) return known;
    const server = await this.#serverOf(question.portId);
    // compat: as Neutron's proxy answers for an address that it does not know.
    if (!server) return notFound();
    if (asksForPassword(question)) return await this.#password(question, server.id);
    const content = await this.#contentOf(server);
    const { newSeed } = this.#deps;
    return answerFrom(question, {
      ...content,
      // No two readers get the same.
      metaData: { ...content.metaData, random_seed: newSeed() },
    });
  }

  /** By the card, which only a server can have that the cloud has plugged the port into. */
  async #serverOf(portId: string): Promise<ServerRow | undefined> {
    const { db } = this.#deps;
    const card = await findInterface(db, portId);
    return card && (await findServer(db, card.server_id));
  }

  async #password(question: MetadataQuestion, serverId: string): Promise<HttpAnswer> {
    const { db, now } = this.#deps;
    return await db.transaction().execute(async (tx) => {
      const server = await findServer(tx, serverId);
      if (!server) return notFound();
      const { answer, store } = passwordTurn(question, server.password);
      if (store !== undefined) {
        await updateServer(tx, serverId, { password: store, updated_at: now().toISOString() });
      }
      return answer;
    });
  }

  async #contentOf(server: ServerRow): Gathering {
    const { db, log, now } = this.#deps;
    const cards = await listInterfaces(db, server.id);
    const of = JSON.stringify([server.revision_number, cards]);
    const at = now().getTime();
    const kept = this.#kept.get(server.id);
    if (kept?.of === of && at < kept.until) return await kept.content;
    for (const [id, { until }] of this.#kept) if (until <= at) this.#kept.delete(id);
    const ctx = internalContext(log, AbortSignal.timeout(ANSWER_MS), server.project_id);
    const content = serverContent(this.#deps, ctx, { server, cards });
    this.#kept.set(server.id, { of, until: at + KEPT_MS, content });
    // What could not be gathered is not kept.
    content.catch(() => {
      if (this.#kept.get(server.id)?.content === content) this.#kept.delete(server.id);
    });
    return await content;
  }
}
