/** JSON patches of images, in the two dialects that Glance takes. Pure. */
import { flag } from '#platform/db/tables.ts';
import type { ImageVisibility } from '#platform/db/tables/image.ts';
import { isJsonObject } from '#base/json.ts';
import * as faults from '../image.faults.ts';
import type { Image, ImageRow } from './image-model.ts';
import {
  checkPropertyCount,
  checkPropertyName,
  checkQuantities,
  checkTagCount,
  isReserved,
} from './image.rules.ts';

/** Media types of a patch: an older draft, in which the operation is the name of a member, and the RFC's. */
const DRAFT_4 = 'application/openstack-images-v2.0-json-patch';
const DRAFT_10 = 'application/openstack-images-v2.1-json-patch';
export const PATCH_TYPES: readonly string[] = [DRAFT_4, DRAFT_10];

export type PatchVerb = 'add' | 'remove' | 'replace';
export type PatchStep = {
  readonly verb: PatchVerb;
  readonly name: string;
  readonly value: unknown;
  /** In the older draft `add` may not replace. */
  readonly draft: 4 | 10;
};

/** What a patch changes. */
export type PatchPlan = {
  readonly changes: Partial<ImageRow>;
  readonly properties: Readonly<Record<string, string | null>>;
  readonly tags: readonly string[];
};

export type PatchFacts = {
  readonly isAdmin: boolean;
  /** Throws when the caller may not set this attribute to this value. */
  readonly authorize: (name: string, value: unknown) => void;
};

const VERBS: readonly PatchVerb[] = ['add', 'remove', 'replace'];
const READ_ONLY = [
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'size',
  'virtual_size',
  'direct_url',
  'self',
  'file',
  'schema',
  'stores',
  'id',
  'os_hash_algo',
  'os_hash_value',
];
const ATTRIBUTES: readonly string[] = [
  'name',
  'visibility',
  'protected',
  'os_hidden',
  'owner',
  'container_format',
  'disk_format',
  'min_ram',
  'min_disk',
  'tags',
];

/** The media type's own name, when a patch may be of it. */
export function checkPatchType(header: string | undefined): string {
  const type = header?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!PATCH_TYPES.includes(type)) throw faults.notAPatch(PATCH_TYPES);
  return type;
}

/** Reads a patch; `checkValue` throws when the schema refuses a value. */
export function parsePatch(
  body: unknown,
  type: string,
  checkValue: (partial: Readonly<Record<string, unknown>>) => void,
): readonly PatchStep[] {
  if (body === null || body === undefined) throw faults.bodyExpected();
  if (typeof body !== 'object') throw faults.unexpectedBody();
  if (!Array.isArray(body)) {
    throw faults.badPatch('Request body must be a JSON array of operation objects.');
  }
  const draft = type === DRAFT_4 ? 4 : 10;
  return body.map((raw: unknown) => {
    if (!isJsonObject(raw)) throw faults.badPatch('Operations must be JSON objects.');
    const verb = draft === 4 ? verbOfDraft4(raw) : verbOfDraft10(raw);
    const path = decodePointer(draft === 4 ? raw[verb] : pathOfDraft10(raw));
    const [name = ''] = path;
    const depth = name === 'locations' && verb !== 'replace' ? 2 : 1;
    if (path.length !== depth) {
      throw faults.badPatch(`Invalid JSON pointer for this resource: '/${path.join('/')}'`);
    }
    if (verb !== 'remove' && !('value' in raw)) {
      throw faults.badPatch(`Operation "${verb}" requires a member named "value".`);
    }
    if (READ_ONLY.includes(name)) throw faults.readOnly(name);
    if (isReserved(name)) throw faults.reserved(name);
    checkPropertyName(name);
    const value = raw['value'];
    if (verb !== 'remove') checkValue({ [name]: path.length > 1 ? [value] : value });
    return { verb, name, value, draft };
  });
}

type Raw = Readonly<Record<string, unknown>>;

function verbOfDraft4(raw: Raw): PatchVerb {
  const verbs = VERBS.filter((verb) => verb in raw);
  const [verb] = verbs;
  if (verbs.length > 1) {
    throw faults.badPatch(
      'Operation objects must contain only one member named "add", "remove", or "replace".',
    );
  }
  if (verb === undefined) {
    throw faults.badPatch(
      'Operation objects must contain exactly one member named "add", "remove", or "replace".',
    );
  }
  return verb;
}

function verbOfDraft10(raw: Raw): PatchVerb {
  const { op } = raw;
  const available = VERBS.join(', ');
  if (op === undefined || op === null) {
    throw faults.badPatch(
      `Unable to find \`op\` in JSON Schema change. It must be one of the following: ${available}.`,
    );
  }
  const verb = VERBS.find((name) => name === op);
  if (!verb) {
    throw faults.badPatch(
      `Invalid operation: \`${typeof op === 'string' ? op : JSON.stringify(op)}\`. It must be one of the following: ${available}.`,
    );
  }
  return verb;
}

function pathOfDraft10(raw: Raw): unknown {
  if (!('path' in raw)) throw faults.badPatch("Unable to find 'path' in JSON Schema change");
  return raw['path'];
}

function decodePointer(pointer: unknown): readonly string[] {
  const text = typeof pointer === 'string' ? pointer : JSON.stringify(pointer);
  const bad = (why: string) => faults.badPatch(`Pointer \`${text}\` ${why}`);
  if (!text.startsWith('/')) throw bad('does not start with "/".');
  if (/\/\s*?\//.test(text.slice(1))) throw bad('contains adjacent "/".');
  if (text.length > 1 && text.endsWith('/')) throw bad('end with "/".');
  if (/~(?![01])/.test(text)) {
    throw bad('contains "~" not part of a recognized escape sequence.');
  }
  return text
    .replace(/^\/+/, '')
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~').trim());
}

/** What a patch makes of an image, step by step; nothing is changed when one step is refused. */
export function planPatch(image: Image, steps: readonly PatchStep[], facts: PatchFacts): PatchPlan {
  const changes: Partial<ImageRow> = {};
  // Without a prototype, `__proto__` is a name like any other.
  const properties = Object.assign(
    Object.create(null) as Record<string, string | null>,
    image.properties,
  );
  let tags = image.tags;
  for (const { verb, name, value, draft } of steps) {
    if (name === 'locations') refuseLocations(verb, value);
    if (name === 'owner' && verb === 'replace' && !facts.isAdmin) throw faults.ownerByAdminOnly();
    facts.authorize(name, verb === 'remove' ? undefined : value);
    const isAttribute = ATTRIBUTES.includes(name);
    const exists = isAttribute || Object.hasOwn(properties, name);
    if (verb === 'remove') {
      if (isAttribute) throw faults.propertyStays(name);
      if (!exists) throw faults.propertyMissing(name);
      delete properties[name];
      continue;
    }
    if (verb === 'replace' && !exists) throw faults.propertyMissing(name);
    if (verb === 'add' && exists && draft === 4) throw faults.propertyPresent(name);
    if (name === 'tags') {
      tags = [...new Set(value as string[])].toSorted();
      checkTagCount(tags.length);
    } else if (isAttribute) Object.assign(changes, attributeChange(image, name, value));
    else properties[name] = value as string | null;
  }
  if (Object.keys(properties).some((name) => !Object.hasOwn(image.properties, name))) {
    checkPropertyCount(properties);
  }
  return { changes, properties, tags };
}

function attributeChange(image: Image, name: string, value: unknown): Partial<ImageRow> {
  switch (name) {
    case 'visibility':
      return { visibility: value as ImageVisibility };
    case 'protected':
    case 'os_hidden':
      return { [name]: flag(value as boolean) };
    case 'min_disk':
    case 'min_ram':
      checkQuantities({ [name]: value });
      return { [name]: value as number };
    case 'disk_format':
    case 'container_format':
      // The bytes were judged by these.
      if (image.status !== 'queued') throw faults.formatIsSet(name);
      return { [name]: value as string | null };
    default:
      return { [name]: value as string | null };
  }
}

function refuseLocations(verb: PatchVerb, value: unknown): never {
  if (verb === 'replace') {
    if (Array.isArray(value) && value.length === 0) throw faults.locationsEmpty();
    throw faults.locationsInvisible('update');
  }
  throw faults.locationsInvisible(verb);
}
