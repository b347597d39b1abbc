/** What of the firewall each host needs: counted from the desired documents themselves, as they change. */
import type { Section } from '#base/host/document.ts';
import type { MemberSpec, SecurityGroupSpec } from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';
import type { DesiredHosts, Member } from '#platform/host/desired-hosts.ts';
import { remotesOf } from './firewall-specs.ts';

/** Who refers to what, both ways. */
class References {
  readonly #targets = new Map<string, readonly string[]>();
  readonly #sources = new Map<string, Set<string>>();

  /** Says all that one source refers to now. */
  set(source: string, targets: readonly string[]): void {
    for (const target of this.#targets.get(source) ?? []) {
      const sources = this.#sources.get(target);
      sources?.delete(source);
      if (sources?.size === 0) this.#sources.delete(target);
    }
    if (targets.length === 0) this.#targets.delete(source);
    else this.#targets.set(source, targets);
    for (const target of targets) {
      const sources = this.#sources.get(target);
      if (sources) sources.add(source);
      else this.#sources.set(target, new Set([source]));
    }
  }

  has(target: string): boolean {
    return this.#sources.has(target);
  }

  sourcesOf(target: string): readonly string[] {
    return [...(this.#sources.get(target) ?? [])];
  }

  targets(): readonly string[] {
    return [...this.#sources.keys()];
  }
}

/** Of one host. */
class HostUse {
  /** From ports to the groups that they are in. */
  readonly groups = new References();
  /** From groups to the groups that their rules name. */
  readonly remotes = new References();
  /** From groups to the address groups that their rules name. */
  readonly addressGroups = new References();
  /** From members to the groups for which they are there. */
  readonly members = new References();

  take(section: Section, id: string, value: Member<Section> | null): void {
    if (section === 'ports') {
      this.groups.set(id, (value as PortSpec | null)?.firewall?.groups ?? []);
    } else if (section === 'members') {
      this.members.set(id, (value as MemberSpec | null)?.groups ?? []);
    } else if (section === 'groups') {
      const remotes = value && remotesOf(value as SecurityGroupSpec);
      this.remotes.set(id, remotes?.groups ?? []);
      this.addressGroups.set(id, remotes?.addressGroups ?? []);
    }
  }
}

/**
 * Answers at once what a walk through a host's document would: whether a port there is in a group, whether a rule
 * there names one. It follows the documents by itself, so it cannot say anything else than they do.
 */
export class FirewallUse {
  readonly #hosts = new Map<string, HostUse>();

  /** `desired` holds nothing of the firewall yet. */
  constructor(desired: DesiredHosts) {
    desired.onChange(({ host, section, id, value }) => this.#of(host).take(section, id, value));
  }

  /** Whether a port of the host is in the group. */
  hasPortIn(host: string, groupId: string): boolean {
    return this.#of(host).groups.has(groupId);
  }

  /** Whether a rule on the host has the group as its remote. */
  isNamed(host: string, groupId: string): boolean {
    return this.#of(host).remotes.has(groupId);
  }

  /** Whether a rule on the host has the address group as its remote. */
  isAddressGroupNamed(host: string, id: string): boolean {
    return this.#of(host).addressGroups.has(id);
  }

  /** Members that the host has because they are in the group. */
  membersIn(host: string, groupId: string): readonly string[] {
    return this.#of(host).members.sourcesOf(groupId);
  }

  /** Groups on any host whose rules have this one as their remote. */
  groupsNaming(groupId: string): readonly string[] {
    const groups = [...this.#hosts.values()].flatMap((use) => use.remotes.sourcesOf(groupId));
    return [...new Set(groups)];
  }

  /** Groups that rules of any host have as their remote. */
  named(): readonly string[] {
    return [...new Set([...this.#hosts.values()].flatMap((use) => use.remotes.targets()))];
  }

  #of(host: string): HostUse {
    let use = this.#hosts.get(host);
    if (!use) {
      use = new HostUse();
      this.#hosts.set(host, use);
    }
    return use;
  }
}
