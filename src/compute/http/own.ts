/** Members by names that clients chose: what an object inherits, such as `constructor`, is none of them. */

export function ownMember<V>(record: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
