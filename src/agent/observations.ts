/** What the agent sees of its host; whoever listens hears only what is new. */
import { isDeepStrictEqual } from 'node:util';
import {
  OBSERVED_SECTIONS,
  type HostObservations,
  type ObservedSection,
} from '#base/host/document.ts';
import type { MemberChange } from '#platform/host/host-protocol.ts';

type Seen<S extends ObservedSection> = HostObservations[S][string];
type Sections = { [S in ObservedSection]: Map<string, Seen<S>> };
type Change = MemberChange<HostObservations>;

export class Observations {
  readonly #sections: Sections = {
    networks: new Map(),
    ports: new Map(),
    routers: new Map(),
    servers: new Map(),
  };
  #listener: (changes: readonly Change[]) => void = () => undefined;

  onChange(listener: (changes: readonly Change[]) => void): void {
    this.#listener = listener;
  }

  find<S extends ObservedSection>(section: S, id: string): Seen<S> | undefined {
    const members: Map<string, Seen<S>> = this.#sections[section];
    return members.get(id);
  }

  ids(section: ObservedSection): readonly string[] {
    return [...this.#sections[section].keys()];
  }

  /** Takes in what was seen; null when it is not there. */
  set<S extends ObservedSection>(
    section: S,
    entries: readonly (readonly [string, Seen<S> | null])[],
  ): void {
    const members: Map<string, Seen<S>> = this.#sections[section];
    const changes: Change[] = [];
    for (const [id, value] of entries) {
      if (isDeepStrictEqual(members.get(id) ?? null, value)) continue;
      if (value === null) members.delete(id);
      else members.set(id, value);
      changes.push({ section, id, value });
    }
    if (changes.length > 0) this.#listener(changes);
  }

  all(): readonly Change[] {
    return OBSERVED_SECTIONS.flatMap((section) =>
      [...this.#sections[section]].map(([id, value]) => ({ section, id, value })),
    );
  }

  forgetSettled(): void {
    for (const section of OBSERVED_SECTIONS) {
      const members: Map<string, Seen<ObservedSection>> = this.#sections[section];
      for (const [id, value] of members) members.set(id, { ...value, settled: 0 });
    }
  }
}
