/** Lists that may be long, sent while they are still being read: memory holds a part, and the first bytes leave early. */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';

/** How many members are read, and kept in memory, at once. */
const CHUNK = 200;

/**
 * A list whose members are read a chunk at a time.
 *
 * Which members it has, and in what order, is known at once, as of one moment: nothing is in it twice or
 * left out because something else was written meanwhile. What a member is, is of the moment when its chunk is
 * read, and one that is gone by then is left out. So no transaction is held while a slow client reads.
 */
export class LongList<T> {
  readonly ids: readonly string[];
  readonly #load: LoadMembers<T>;

  constructor(ids: readonly string[], load: LoadMembers<T>) {
    this.ids = ids;
    this.#load = load;
  }

  async *chunks(): AsyncGenerator<readonly T[], void> {
    for (let start = 0; start < this.ids.length; start += CHUNK) {
      yield await this.#load(this.ids.slice(start, start + CHUNK));
    }
  }
}

/** Those of the members that are still there, in the order of their ids. */
type LoadMembers<T> = (ids: readonly string[]) => Promise<readonly T[]>;

/** The members themselves when one chunk holds them all. */
export async function membersOf<T>(
  ids: readonly string[],
  load: LoadMembers<T>,
): Promise<readonly T[] | LongList<T>> {
  return ids.length <= CHUNK ? await load(ids) : new LongList(ids, load);
}

export type LongListBody<T> = {
  /** What the list is called in the body: `ports`. */
  readonly name: string;
  readonly list: LongList<T>;
  /** What is shown of members; some may be left out. */
  readonly show: (members: readonly T[]) => readonly object[];
  /** What else is in the body, after the list. */
  readonly more: object;
};

/**
 * Answers with `{[name]: [...], ...more}`. What goes wrong before the first chunk is read is answered as
 * usual; later the status is out, so the connection breaks off, and nobody takes a part for the whole.
 */
export async function sendLongList<T>(
  reply: FastifyReply,
  { name, list, show, more }: LongListBody<T>,
): Promise<FastifyReply> {
  const chunks = list.chunks();
  const first = await chunks.next();
  const body = Readable.from(textOf(), { objectMode: false });
  body.once('error', (err) => {
    const { id, ctx } = reply.request;
    ctx.log.error({ err, request_id: id, list: name }, 'a list broke off while it was sent');
  });
  return await reply.type('application/json').send(body);

  async function* textOf(): AsyncGenerator<string, void> {
    let text = `{${JSON.stringify(name)}:[`;
    let separator = '';
    for (let next = first; next.done !== true; next = await chunks.next()) {
      const shown = show(next.value);
      if (shown.length === 0) continue;
      // A list of its own without its brackets, since one call for many members is the fastest.
      yield `${text}${separator}${JSON.stringify(shown).slice(1, -1)}`;
      text = '';
      separator = ',';
      // Neither SQLite nor a socket with room makes anybody wait, so nobody else would have a turn.
      await setImmediate();
    }
    const rest = JSON.stringify(more).slice(1);
    yield `${text}]${rest === '}' ? '' : ','}${rest}`;
  }
}
