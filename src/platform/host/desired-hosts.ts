/** What every host should be. Kept in memory, since each service can tell it again from its rows. */
import { isDeepStrictEqual } from 'node:util';
import {
  emptySections,
  type DocumentSections,
  type HostDocument,
  type Section,
} from '#base/host/document.ts';

export type Member<S extends Section> = HostDocument[S][string];

/** One member of a host's document that has a new value; `null` when it is not wanted any more. */
export type DesiredChange = {
  readonly host: string;
  readonly revision: number;
  readonly section: Section;
  readonly id: string;
  readonly value: Member<Section> | null;
};

type Host = { revision: number; readonly sections: DocumentSections };

/**
 * The desired documents of all hosts. Each service owns one or more sections and says what it wants there:
 * one member at a time after a commit, and all of them in its reconciler and at start.
 */
export class DesiredHosts {
  readonly #hosts = new Map<string, Host>();
  readonly #listeners = new Set<(change: DesiredChange) => void>();

  /**
   * Says what one member should be; `null` when it should not be there. Returns the revision at which the host
   * has it: a new one, or the present one when nothing changes.
   */
  set<S extends Section>(host: string, section: S, id: string, value: Member<S> | null): number {
    const known = this.#host(host);
    const members: Map<string, Member<S>> = known.sections[section];
    const present = members.get(id) ?? null;
    if (isDeepStrictEqual(present, value)) return known.revision;
    if (value === null) members.delete(id);
    else members.set(id, value);
    known.revision += 1;
    const change = { host, revision: known.revision, section, id, value };
    for (const listener of this.#listeners) listener(change);
    return known.revision;
  }

  /** Says what all of a section should be: what is not named is not wanted. */
  replace<S extends Section>(
    host: string,
    section: S,
    wanted: ReadonlyMap<string, Member<S>>,
  ): number {
    const members: Map<string, Member<S>> = this.#host(host).sections[section];
    for (const id of members.keys()) {
      if (!wanted.has(id)) this.set(host, section, id, null);
    }
    for (const [id, value] of wanted) this.set(host, section, id, value);
    return this.revision(host);
  }

  find<S extends Section>(host: string, section: S, id: string): Member<S> | undefined {
    const members: Map<string, Member<S>> | undefined = this.#hosts.get(host)?.sections[section];
    return members?.get(id);
  }

  /** The ids of a section's members. */
  ids(host: string, section: Section): readonly string[] {
    return [...(this.#hosts.get(host)?.sections[section].keys() ?? [])];
  }

  /** Every host that anything was ever wanted of. */
  hosts(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  revision(host: string): number {
    return this.#host(host).revision;
  }

  /** The whole document of a host, as of its present revision. */
  document(host: string): HostDocument {
    const { sections } = this.#host(host);
    const { networks, ports, groups, members, addressGroups, routers, servers } = sections;
    return {
      networks: Object.fromEntries(networks),
      ports: Object.fromEntries(ports),
      groups: Object.fromEntries(groups),
      members: Object.fromEntries(members),
      addressGroups: Object.fromEntries(addressGroups),
      routers: Object.fromEntries(routers),
      servers: Object.fromEntries(servers),
    };
  }

  /** Called at each change, at once. Returns the way to stop listening. */
  onChange(listener: (change: DesiredChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #host(name: string): Host {
    let host = this.#hosts.get(name);
    if (!host) {
      // Revisions begin at 1, so that an agent that has nothing yet, at 0, is always behind.
      host = { revision: 1, sections: emptySections() };
      this.#hosts.set(name, host);
    }
    return host;
  }
}
