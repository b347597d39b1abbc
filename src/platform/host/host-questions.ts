/** Questions that hosts were asked, until they are answered. */
import { orAborted } from '#base/async.ts';
import { Fault } from '../fault.ts';
import type { HostQuestion, LineLink, ToAgent, ToControl } from './host-protocol.ts';

type Link = LineLink<ToAgent, ToControl>;

type Open = {
  readonly link: Link;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
};

export class HostQuestions {
  readonly #open = new Map<number, Open>();
  #last = 0;

  /** Resolves with the text of the answer; rejects with the host's refusal, or with the signal's reason. */
  async ask(link: Link, question: HostQuestion, signal: AbortSignal): Promise<string> {
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#open.set(id, { link, resolve, reject });
    link.send({ type: 'read', id, ...question });
    try {
      return await orAborted(promise, signal);
    } finally {
      this.#open.delete(id);
    }
  }

  answered(message: Extract<ToControl, { type: 'answer' | 'refusal' }>): void {
    const open = this.#open.get(message.id);
    if (message.type === 'answer') open?.resolve(message.text);
    else open?.reject(new Fault('unavailable', message.code, message.message));
  }

  /** Nothing more will come by this link. */
  giveUp(link: Link, reason: Error): void {
    for (const open of this.#open.values()) {
      if (open.link === link) open.reject(reason);
    }
  }
}
