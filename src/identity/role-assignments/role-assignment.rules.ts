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
