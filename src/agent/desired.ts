/** The agent's copy of what its host should be. */
import {
  EMPTY_DOCUMENT,
  emptySections,
  SECTIONS,
  type DocumentSections,
  type HostDocument,
  type Section,
} from '#base/host/document.ts';
import type { MemberChange } from '#platform/host/host-protocol.ts';

export class Desired {
  #revision = 0;
  #sections: DocumentSections = sectionsOf(EMPTY_DOCUMENT);
  #listener: (section: Section, id: string) => void = () => undefined;

  /** Called with each member that may be another now, when all of a change has been taken in. */
  onChange(listener: (section: Section, id: string) => void): void {
    this.#listener = listener;
  }

  /** 0 until control has said anything: until then nothing may be taken away from the host. */
  get revision(): number {
    return this.#revision;
  }

  get known(): boolean {
    return this.#revision > 0;
  }

  get networks(): ReadonlyMap<string, HostDocument['networks'][string]> {
    return this.#sections.networks;
  }

  get ports(): ReadonlyMap<string, HostDocument['ports'][string]> {
    return this.#sections.ports;
  }

  get groups(): ReadonlyMap<string, HostDocument['groups'][string]> {
    return this.#sections.groups;
  }

  get members(): ReadonlyMap<string, HostDocument['members'][string]> {
    return this.#sections.members;
  }

  get addressGroups(): ReadonlyMap<string, HostDocument['addressGroups'][string]> {
    return this.#sections.addressGroups;
  }

  get routers(): ReadonlyMap<string, HostDocument['routers'][string]> {
    return this.#sections.routers;
  }

  get servers(): ReadonlyMap<string, HostDocument['servers'][string]> {
    return this.#sections.servers;
  }

  replace(revision: number, document: HostDocument): void {
    const before = this.#sections;
    this.#sections = sectionsOf(document);
    this.#revision = revision;
    for (const section of SECTIONS) {
      const ids = [...before[section].keys(), ...this.#sections[section].keys()];
      for (const id of new Set(ids)) this.#listener(section, id);
    }
  }

  apply(revision: number, changes: readonly MemberChange<HostDocument>[]): void {
    for (const { section, id, value } of changes) {
      const members: Map<string, unknown> = this.#sections[section];
      if (value === null) members.delete(id);
      else members.set(id, value);
    }
    this.#revision = revision;
    for (const { section, id } of changes) this.#listener(section, id);
  }
}

function sectionsOf(document: HostDocument): DocumentSections {
  const sections = emptySections();
  for (const section of SECTIONS) {
    const members: Map<string, unknown> = sections[section];
    for (const [id, value] of Object.entries(document[section])) members.set(id, value);
  }
  return sections;
}
