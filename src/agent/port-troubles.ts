/** Why ports are not as they should be: what was refused of themselves, or of what their rules need. Pure. */
import type { MemberSpec, SecurityGroupSpec } from '#base/host/firewall.ts';
import type { PortSpec } from '#base/host/links.ts';

type Failures = ReadonlyMap<string, Error>;

/** What is wanted, and what of it could not be had. */
export type Refused = {
  readonly groups: ReadonlyMap<string, SecurityGroupSpec>;
  readonly members: ReadonlyMap<string, MemberSpec>;
  readonly failures: {
    readonly ports: Failures;
    readonly groups: Failures;
    readonly members: Failures;
    readonly addressGroups: Failures;
  };
};

/** Groups whose rules are not in force as they should be, by id. */
export function groupTroubles({ groups, members, failures }: Refused): Failures {
  const troubles = new Map(failures.groups);
  const memberless = new Map<string, Error>();
  for (const [id, error] of failures.members) {
    // One id, one failure: it is the port's own, and no reason to doubt every port that would talk to it.
    if (failures.ports.has(id)) continue;
    for (const group of members.get(id)?.groups ?? []) memberless.set(group, error);
  }
  if (memberless.size + failures.addressGroups.size === 0) return troubles;
  for (const { id, rules } of groups.values()) {
    if (troubles.has(id)) continue;
    for (const { remote } of rules) {
      const error =
        remote.kind === 'group'
          ? memberless.get(remote.id)
          : remote.kind === 'address-group'
            ? failures.addressGroups.get(remote.id)
            : undefined;
      if (error === undefined) continue;
      troubles.set(id, error);
      break;
    }
  }
  return troubles;
}

/** What is wrong with a port, if anything; `troubles` are those of groups. */
export function troubleOf(
  port: PortSpec,
  failures: Failures,
  troubles: Failures,
): Error | undefined {
  const own = failures.get(port.id);
  if (own !== undefined || troubles.size === 0) return own;
  const group = groupsOf(port).find((id) => troubles.has(id));
  return group === undefined ? undefined : troubles.get(group);
}

/** The groups that judge a port. */
function groupsOf({ firewall }: PortSpec): readonly string[] {
  return firewall === null || firewall.mode === 'transparent' ? [] : firewall.groups;
}
