/** Says to hosts what the firewalls of their ports need beside the ports: groups, their members, address groups. */
import type { MemberSpec, SecurityGroupSpec } from '#base/host/firewall.ts';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredHosts } from '#platform/host/desired-hosts.ts';
import { addressesOfGroups } from '../address-groups/address-group.store.ts';
import { groupsWithRules } from '../security-groups/security-group-rule.store.ts';
import { groupSpec, memberOf, remotesOf } from './firewall-specs.ts';
import { FirewallUse } from './firewall-use.ts';
import { firewallPort } from './port-specs.ts';
import { findPortsInGroups, findToldPorts, type ToldPort } from './told-port.store.ts';

export type FirewallSyncDeps = { readonly db: Db; readonly desired: DesiredHosts };

/**
 * A host has the groups that its plugged ports are in; of all ports of the cloud those that are in a group which a rule
 * of these names; and the address groups that they name. Every method is called one at a time, so that what was read
 * last is said last.
 */
export class FirewallSync {
  readonly #db: Db;
  readonly #desired: DesiredHosts;
  readonly #use: FirewallUse;

  constructor({ db, desired }: FirewallSyncDeps) {
    this.#db = db;
    this.#desired = desired;
    this.#use = new FirewallUse(desired);
  }

  /** Says the groups of a port that is about to be plugged there, with what their rules name. */
  async ensureGroups(host: string, groupIds: readonly string[]): Promise<void> {
    const missing = groupIds.filter((id) => !this.#desired.find(host, 'groups', id));
    for (const spec of (await this.#readGroups(missing)).values()) await this.#sayGroup(host, spec);
  }

  /** Takes groups away that no port of the host is in any more, with what only they named. */
  dropIdle(host: string, groupIds: readonly string[]): void {
    for (const id of groupIds) {
      if (!this.#use.hasPortIn(host, id)) this.#dropGroup(host, id);
    }
  }

  /** One port is a member where rules name one of its groups, and nowhere else. */
  sayMember(id: string, port: ToldPort | undefined): void {
    for (const host of this.#desired.hosts()) {
      const member =
        port && memberOf(firewallPort(port), (groupId) => this.#use.isNamed(host, groupId));
      this.#desired.set(host, 'members', id, member ?? null);
    }
  }

  /** Groups have other rules, or are gone. */
  async sayGroups(groupIds: readonly string[]): Promise<void> {
    // Rules that name a group go along with it.
    const affected = new Set(groupIds.flatMap((id) => [id, ...this.#use.groupsNaming(id)]));
    const told = [...affected].filter((id) => this.#hostsWith('groups', id).length > 0);
    const specs = await this.#readGroups(told);
    for (const id of told) {
      const spec = specs.get(id);
      for (const host of this.#hostsWith('groups', id)) {
        if (spec) await this.#sayGroup(host, spec);
        else this.#dropGroup(host, id);
      }
    }
  }

  /** Address groups have other addresses, or are gone. */
  async sayAddressGroups(ids: readonly string[]): Promise<void> {
    const told = ids.filter((id) => this.#hostsWith('addressGroups', id).length > 0);
    const cidrs = await addressesOfGroups(this.#db, told);
    for (const id of told) {
      for (const host of this.#hostsWith('addressGroups', id)) {
        this.#sayAddressGroup(host, id, cidrs.get(id) ?? []);
      }
    }
  }

  /** Says everything again of the groups that hosts have, and takes away what nothing needs. */
  async sayAll(): Promise<void> {
    const desired = this.#desired;
    for (const host of desired.hosts()) this.dropIdle(host, desired.ids(host, 'groups'));
    await this.sayGroups(this.#everywhere('groups'));
    for (const host of desired.hosts()) await this.#ensureNamed(host);
    await this.sayAddressGroups(this.#everywhere('addressGroups'));
    const members = await findPortsInGroups(this.#db, this.#use.named());
    for (const [id, port] of members) this.sayMember(id, port);
    const strays = this.#everywhere('members').filter((id) => !members.has(id));
    const ports = await findToldPorts(this.#db, strays);
    for (const id of strays) this.sayMember(id, ports.get(id));
  }

  /** Address groups that rules name and the host does not have, and the other way round. */
  async #ensureNamed(host: string): Promise<void> {
    const ids = this.#desired.ids(host, 'groups');
    const named = ids.flatMap((id) => {
      const spec = this.#desired.find(host, 'groups', id);
      return spec ? remotesOf(spec).addressGroups : [];
    });
    await this.#ensureAddressGroups(host, named);
    this.#dropAddressGroups(host, this.#desired.ids(host, 'addressGroups'));
  }

  /** What the rules name goes before them: nothing is let through by a rule that is half known. */
  async #sayGroup(host: string, spec: SecurityGroupSpec): Promise<void> {
    const before = this.#desired.find(host, 'groups', spec.id);
    const { groups, addressGroups } = remotesOf(spec);
    await this.#ensureAddressGroups(host, addressGroups);
    await this.#ensureMembers(host, groups);
    this.#desired.set(host, 'groups', spec.id, spec);
    if (before) this.#dropRemotes(host, before);
  }

  #dropGroup(host: string, id: string): void {
    const before = this.#desired.find(host, 'groups', id);
    if (!before) return;
    this.#desired.set(host, 'groups', id, null);
    this.#dropRemotes(host, before);
  }

  /** Says the members of groups that rules of the host are about to name for the first time. */
  async #ensureMembers(host: string, groupIds: readonly string[]): Promise<void> {
    const fresh = new Set(groupIds.filter((id) => !this.#use.isNamed(host, id)));
    const isNamed = (id: string) => fresh.has(id) || this.#use.isNamed(host, id);
    for (const [id, port] of await findPortsInGroups(this.#db, [...fresh])) {
      this.#desired.set(host, 'members', id, memberOf(firewallPort(port), isNamed) ?? null);
    }
  }

  async #ensureAddressGroups(host: string, ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#desired.find(host, 'addressGroups', id));
    const cidrs = await addressesOfGroups(this.#db, missing);
    for (const id of missing) this.#sayAddressGroup(host, id, cidrs.get(id) ?? []);
  }

  #sayAddressGroup(host: string, id: string, cidrs: readonly string[]): void {
    this.#desired.set(host, 'addressGroups', id, { id, cidrs: cidrs.toSorted() });
  }

  /** Takes away what the group named and no rule of the host names any more. */
  #dropRemotes(host: string, before: SecurityGroupSpec): void {
    const { groups, addressGroups } = remotesOf(before);
    for (const groupId of groups) {
      if (!this.#use.isNamed(host, groupId)) this.#dropMembers(host, groupId);
    }
    this.#dropAddressGroups(host, addressGroups);
  }

  #dropMembers(host: string, groupId: string): void {
    for (const id of this.#use.membersIn(host, groupId)) {
      const member = this.#desired.find(host, 'members', id);
      if (member) this.#desired.set(host, 'members', id, without(member, groupId));
    }
  }

  #dropAddressGroups(host: string, ids: readonly string[]): void {
    for (const id of ids) {
      if (!this.#use.isAddressGroupNamed(host, id)) {
        this.#desired.set(host, 'addressGroups', id, null);
      }
    }
  }

  async #readGroups(ids: readonly string[]): Promise<ReadonlyMap<string, SecurityGroupSpec>> {
    const found = await groupsWithRules(this.#db, ids, null);
    return new Map(found.map(({ group, rules }) => [group.id, groupSpec(group, rules)]));
  }

  #hostsWith(section: 'groups' | 'addressGroups', id: string): readonly string[] {
    return this.#desired.hosts().filter((host) => this.#desired.find(host, section, id));
  }

  #everywhere(section: 'groups' | 'addressGroups' | 'members'): readonly string[] {
    const ids = this.#desired.hosts().flatMap((host) => this.#desired.ids(host, section));
    return [...new Set(ids)];
  }
}

function without(member: MemberSpec, groupId: string): MemberSpec | null {
  const groups = member.groups.filter((id) => id !== groupId);
  return groups.length === 0 ? null : { ...member, groups };
}
