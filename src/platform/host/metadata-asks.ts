/**
 * What guests ask about themselves, on its way from the agent that hears them to control and back. Both ends answer
 * something whatever happens: a guest that is told to come again does.
 */
import { comeAgain, plainAnswer } from '#base/host/metadata-answers.ts';
import type { HttpAnswer, MetadataQuestion } from '#base/host/metadata.ts';
import type { Logger } from '../log.ts';

export type AskMessage = {
  readonly type: 'ask';
  readonly id: number;
  readonly question: MetadataQuestion;
};

export type ReplyMessage = {
  readonly type: 'reply';
  readonly id: number;
  readonly answer: HttpAnswer;
};

/** How many questions of one host may be under way. */
export const MOST_ASKED_AT_ONCE = 64;
const ANSWERED_WITHIN_MS = 15_000;

type Link = { readonly send: (message: AskMessage) => void };
type Open = { readonly link: Link; readonly resolve: (answer: HttpAnswer) => void };

/** The agent's end. */
export class MetadataAsks {
  readonly #open = new Map<number, Open>();
  readonly #withinMs: number;
  #last = 0;

  constructor(withinMs = ANSWERED_WITHIN_MS) {
    this.#withinMs = withinMs;
  }

  /** `link` is undefined while control is not there. */
  async ask(link: Link | undefined, question: MetadataQuestion): Promise<HttpAnswer> {
    if (link === undefined) return comeAgain('The cloud is being started. Ask again.');
    if (this.#open.size >= MOST_ASKED_AT_ONCE) return comeAgain('Too many ask at once. Ask again.');
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve } = Promise.withResolvers<HttpAnswer>();
    this.#open.set(id, { link, resolve });
    const late = comeAgain('The cloud has not answered in time. Ask again.');
    const timer = setTimeout(() => resolve(late), this.#withinMs);
    link.send({ type: 'ask', id, question });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#open.delete(id);
    }
  }

  replied({ id, answer }: ReplyMessage): void {
    this.#open.get(id)?.resolve(answer);
  }

  /** Nothing more will come by this link. */
  giveUp(link: Link): void {
    for (const open of this.#open.values()) {
      if (open.link === link) open.resolve(comeAgain('The cloud is being started. Ask again.'));
    }
  }
}

/** Control's end: renders, and never throws. */
export async function replyTo(
  { id, question }: AskMessage,
  render: (question: MetadataQuestion) => Promise<HttpAnswer>,
  log: Logger,
): Promise<ReplyMessage> {
  try {
    return { type: 'reply', id, answer: await render(question) };
  } catch (error) {
    const { portId, path } = question;
    log.error({ err: error, port: portId, path }, 'a guest could not be told its metadata');
    const text = 'The cloud could not find this out; its log says why.';
    return { type: 'reply', id, answer: plainAnswer(500, text) };
  }
}
