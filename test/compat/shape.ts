/** The shape of a JSON value: names of members and types of values, and nothing else. */

/** A type's name; an object's members, where `?` ends the name of one that is not always there; a list's one item. */
export type Shape = string | { readonly [member: string]: Shape } | readonly Shape[];

/** Members whose own members are data: they are not compared by name. */
const MAPS = new Set([
  'metadata',
  'meta',
  'extra_specs',
  'addresses',
  'binding:profile',
  'binding:vif_details',
  'options',
  'configurations',
  'properties',
]);

/** The mark that stands where a recorded list was cut. */
const CUT = /^\.\.\. \d+ more/;

export function shapeOf(value: unknown, name = ''): Shape {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const items = value.filter((item) => !(typeof item === 'string' && CUT.test(item)));
    return items.length === 0 ? [] : [items.map((item) => shapeOf(item)).reduce(merge)];
  }
  if (typeof value !== 'object') return typeof value;
  if (MAPS.has(name)) return 'map';
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [member, shapeOf(inner, member)]),
  );
}

/** The shape of whatever has either shape. */
export function merge(left: Shape, right: Shape): Shape {
  if (typeof left === 'string' || typeof right === 'string') {
    if (JSON.stringify(left) === JSON.stringify(right)) return left;
    // What may be absent says nothing about what else it may be.
    if (left === 'null') return right;
    if (right === 'null') return left;
    return 'any';
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    const [one, other] = [left[0] as Shape | undefined, right[0] as Shape | undefined];
    if (one === undefined) return right;
    return other === undefined ? left : [merge(one, other)];
  }
  if (Array.isArray(left) || Array.isArray(right)) return 'any';
  const [a, b] = [plainMembers(left), plainMembers(right)];
  const merged: Record<string, Shape> = {};
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(name), b.get(name)];
    const always = one?.always === true && other?.always === true;
    const shape = one && other ? merge(one.shape, other.shape) : (one ?? other)?.shape;
    if (shape !== undefined) merged[always ? name : `${name}?`] = shape;
  }
  return merged;
}

function plainMembers(shape: object): Map<string, { shape: Shape; always: boolean }> {
  return new Map(
    Object.entries(shape as Record<string, Shape>).map(([name, inner]) => [
      name.replace(/\?$/, ''),
      { shape: inner, always: !name.endsWith('?') },
    ]),
  );
}

/** How a shape differs from the recorded one: each a phrase such as `ports[].status is missing`. */
export function compareShapes(recorded: Shape, seen: Shape, path = ''): string[] {
  if (recorded === 'any' || seen === 'any' || recorded === 'null' || seen === 'null') return [];
  if (typeof recorded === 'string' || typeof seen === 'string') {
    if (recorded === seen || recorded === 'map' || seen === 'map') return [];
    return [`${path || 'the body'} is ${kindOf(seen)} and not ${kindOf(recorded)}`];
  }
  if (Array.isArray(recorded) !== Array.isArray(seen)) {
    return [`${path || 'the body'} is ${kindOf(seen)} and not ${kindOf(recorded)}`];
  }
  if (Array.isArray(recorded) && Array.isArray(seen)) {
    const [one, other] = [recorded[0] as Shape | undefined, seen[0] as Shape | undefined];
    return one === undefined || other === undefined ? [] : compareShapes(one, other, `${path}[]`);
  }
  const [theirs, ours] = [plainMembers(recorded as object), plainMembers(seen)];
  const found: string[] = [];
  for (const [name, { shape, always }] of theirs) {
    const at = path === '' ? name : `${path}.${name}`;
    const own = ours.get(name);
    if (own) found.push(...compareShapes(shape, own.shape, at));
    else if (always) found.push(`${at} is missing`);
  }
  for (const name of ours.keys()) {
    if (!theirs.has(name)) found.push(`${path === '' ? name : `${path}.${name}`} is new`);
  }
  return found;
}

function kindOf(shape: Shape): string {
  if (typeof shape === 'string') return `a ${shape}`;
  return Array.isArray(shape) ? 'a list' : 'an object';
}
