/** Writes down what becomes of ports' storm states, as hosts see them. */
import { KeyedQueue } from '#base/async.ts';
import type { StormState } from '#base/host/firewall.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ObservedHosts } from '#platform/host/observed-hosts.ts';
import type { Logger } from '#platform/log.ts';
import { timestamp } from '../attributes/standard.ts';
import { findActiveBinding } from '../binding/binding.store.ts';
import { findPort } from '../ports/port.store.ts';
import { addStormEvent, findTroubledPorts } from './storm-event.store.ts';

export type StormWatchDeps = {
  readonly db: Db;
  readonly observed: ObservedHosts;
  readonly newId: () => string;
  readonly now: () => Date;
  readonly log: Logger;
};

/** What an event says to the port's owner. */
const MESSAGES: Readonly<Record<StormState, string>> = {
  ok: 'The port is as it should be again.',
  storm:
    'The port sends more broadcast, multicast or unknown unicast frames than its storm control lets through. The rest is dropped.',
  loop: 'What another port of the network has sent comes back by this one: something behind it bridges two interfaces.',
  quarantined:
    'Nothing passes the port, because of a loop, until its storm_state is set to ok or the hold_time of its storm control is over.',
};

export class StormWatch {
  readonly #deps: StormWatchDeps;
  readonly #queue = new KeyedQueue();
  /** The ports that are not `ok`, as it was last written down. */
  readonly #troubled = new Map<string, StormState>();

  constructor(deps: StormWatchDeps) {
    this.#deps = deps;
  }

  /** Knows again what was written down before. */
  async load(): Promise<void> {
    for (const [id, state] of await findTroubledPorts(this.#deps.db)) this.#troubled.set(id, state);
  }

  /** Follows what hosts see from now on. Returns the way to stop. */
  start(): () => void {
    const { observed } = this.#deps;
    const stops = [
      observed.onChange(({ section, id, value }) => {
        if (section !== 'ports') return;
        const storm = value && 'storm' in value ? value.storm : 'ok';
        if (storm !== this.#last(id)) this.#soon(id);
      }),
      observed.onHost((_host, { listed }) => {
        // Of what is gone since the host was last heard of, it tells nothing.
        if (listed > 0) for (const id of this.#troubled.keys()) this.#soon(id);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Resolves when everything seen so far has been dealt with. */
  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  #last(portId: string): StormState {
    return this.#troubled.get(portId) ?? 'ok';
  }

  /** Observations come in the middle of other things, so nobody waits for this. */
  #soon(portId: string): void {
    this.#queue
      .run(portId, async () => await this.#check(portId))
      .catch((err: unknown) => {
        this.#deps.log.error({ err, port_id: portId }, 'a storm event could not be written');
      });
  }

  async #check(portId: string): Promise<void> {
    const { db, newId, now, log } = this.#deps;
    const written = await db.transaction().execute(async (tx) => {
      const port = await findPort(tx, portId);
      const binding = port && (await findActiveBinding(tx, portId));
      if (!port || !binding) return { state: 'ok' as const };
      const state = this.#stateOf(portId, binding.host);
      if (state === undefined || state === this.#last(portId)) return undefined;
      const event = { id: newId(), port_id: portId, state, message: MESSAGES[state] };
      await addStormEvent(tx, { ...event, created_at: timestamp(now()) });
      return { state, about: { port_id: portId, network_id: port.network_id, host: binding.host } };
    });
    if (!written) return;
    const { state, about } = written;
    if (state === 'ok') this.#troubled.delete(portId);
    else this.#troubled.set(portId, state);
    if (!about) return;
    log[state === 'ok' ? 'info' : 'warn'](
      { ...about, storm_state: state },
      'the storm state of a port is another',
    );
  }

  /** Undefined while the port's host has not said. A port that is nowhere floods nothing. */
  #stateOf(portId: string, host: string): StormState | undefined {
    const { observed } = this.#deps;
    const seen = observed.find(host, 'ports', portId);
    if (seen) return seen.storm;
    const isSilent = host !== '' && (observed.status(host)?.listed ?? 0) === 0;
    return isSilent ? undefined : 'ok';
  }
}
