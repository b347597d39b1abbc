/** Which roles follow from which. Pure: facts come in as arguments, nothing is looked up here. */

export type Implication = { readonly prior: string; readonly implied: string };

/** The roles given and all that they imply, directly or through others. */
export function withImplied(
  roleIds: Iterable<string>,
  implications: readonly Implication[],
): ReadonlySet<string> {
  const all = new Set(roleIds);
  // A set that grows while it is walked is walked to its new end.
  for (const id of all) {
    for (const { prior, implied } of implications) {
      if (prior === id) all.add(implied);
    }
  }
  return all;
}

export type Actor = { readonly type: 'user' | 'group'; readonly id: string };
export type Target = { readonly type: 'project' | 'domain' | 'system'; readonly id: string };

/** That somebody has a role somewhere. */
export type Assignment = {
  readonly actor: Actor;
  readonly target: Target;
  readonly roleId: string;
  /** As given: it holds below the target. Made effective: it came from above. */
  readonly inherited: boolean;
  /** How an effective assignment came about. */
  readonly via?: {
    /** The group that the user has it through. */
    readonly groupId?: string;
    /** What it was inherited from. */
    readonly target?: Target;
    /** The role that implies it. */
    readonly roleId?: string;
  };
};

/** What must be known to say which assignments follow from those that were given. */
export type EffectFacts = {
  readonly membersOf: (groupId: string) => readonly string[];
  /** Ids of the projects below a project or a domain. */
  readonly projectsUnder: (target: Target) => readonly string[];
  readonly implications: readonly Implication[];
};

/** The assignments that really hold: of users, on what they can work in, with the roles that are implied. */
export function effective(given: readonly Assignment[], facts: EffectFacts): readonly Assignment[] {
  return given
    .flatMap((each) => ofMembers(each, facts))
    .flatMap((each) => ofProjects(each, facts))
    .flatMap((each) => withImpliedAssignments(each, facts.implications));
}

function ofMembers(given: Assignment, { membersOf }: EffectFacts): readonly Assignment[] {
  const { actor } = given;
  if (actor.type === 'user') return [given];
  return membersOf(actor.id).map((id) => ({
    ...given,
    actor: { type: 'user', id },
    via: { ...given.via, groupId: actor.id },
  }));
}

function ofProjects(given: Assignment, { projectsUnder }: EffectFacts): readonly Assignment[] {
  if (!given.inherited) return [given];
  return projectsUnder(given.target).map((id) => ({
    ...given,
    target: { type: 'project', id },
    via: { ...given.via, target: given.target },
  }));
}

function withImpliedAssignments(
  given: Assignment,
  implications: readonly Implication[],
): readonly Assignment[] {
  const all = [given];
  const seen = new Set([given.roleId]);
  // The list grows while it is walked: what is implied implies more.
  for (const each of all) {
    for (const { prior, implied } of implications) {
      if (prior !== each.roleId || seen.has(implied)) continue;
      seen.add(implied);
      all.push({ ...given, roleId: implied, via: { ...given.via, roleId: prior } });
    }
  }
  return all;
}
