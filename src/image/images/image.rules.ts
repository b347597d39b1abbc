/** What makes an image valid. Pure: facts come in as arguments, nothing is looked up here. */
import { flag } from '#platform/db/tables.ts';
import {
  negative,
  propertyNameTooLong,
  readOnly,
  reserved,
  reservedOnCreate,
  tooLargeQuantity,
  tooManyProperties,
  tooManyTags,
} from '../image.faults.ts';
import { BASE_ATTRIBUTES, type ImageObject } from './image.schema.ts';
import type { Image } from './image-model.ts';

export const MOST_PROPERTIES = 128;
export const MOST_TAGS = 128;
/** The largest that Glance's database takes. */
const MOST_QUANTITY = 2 ** 31 - 1;

/** Set by the service alone; naming one on create is refused before anything else is looked at. */
const OUTPUT_ONLY = ['direct_url', 'self', 'file', 'schema', 'stores'];
const READ_ONLY = [
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'size',
  'virtual_size',
];
const RESERVED = ['location', 'deleted', 'deleted_at'];
const RESERVED_PREFIX = 'os_glance_';

/** What must be known to make an image: who asks, and when. */
export type CreateFacts = {
  readonly id: string;
  readonly projectId: string;
  readonly now: Date;
};

/** The image that a create request asks for. */
export function planImage(wanted: ImageObject, facts: CreateFacts): Image {
  for (const name of OUTPUT_ONLY) if (name in wanted) throw readOnly(name);
  const properties = Object.fromEntries(
    Object.entries(wanted).filter(([name]) => !BASE_ATTRIBUTES.has(name)),
  ) as Record<string, string | null>;
  for (const name of Object.keys(properties)) {
    checkPropertyName(name);
    if (isReserved(name)) throw reservedOnCreate(name);
  }
  if ('locations' in wanted) throw reserved('locations');
  for (const name of READ_ONLY) if (name in wanted) throw readOnly(name);
  checkQuantities(wanted);
  checkPropertyCount(properties);
  const tags = [...new Set(wanted.tags)].toSorted();
  checkTagCount(tags.length);
  const at = facts.now.toISOString();
  return {
    id: wanted.id ?? facts.id,
    owner: wanted.owner === undefined ? facts.projectId || null : wanted.owner,
    name: wanted.name ?? null,
    status: 'queued',
    visibility: wanted.visibility ?? 'shared',
    protected: flag(wanted.protected ?? false),
    os_hidden: flag(wanted.os_hidden ?? false),
    disk_format: wanted.disk_format ?? null,
    container_format: wanted.container_format ?? null,
    min_disk: wanted.min_disk ?? 0,
    min_ram: wanted.min_ram ?? 0,
    size: null,
    virtual_size: null,
    checksum: null,
    os_hash_algo: null,
    os_hash_value: null,
    blob: null,
    created_at: at,
    updated_at: at,
    revision_number: 0,
    properties,
    tags,
  };
}

export function isReserved(name: string): boolean {
  return RESERVED.includes(name) || name.startsWith(RESERVED_PREFIX);
}

export function checkPropertyName(name: string): void {
  if (name.length > 255) throw propertyNameTooLong();
}

/** Properties of the service's own (`os_glance_*`) do not count. */
export function checkPropertyCount(properties: Readonly<Record<string, unknown>>): void {
  const count = Object.keys(properties).filter((name) => !name.startsWith(RESERVED_PREFIX)).length;
  if (count > MOST_PROPERTIES) throw tooManyProperties(count, MOST_PROPERTIES);
}

export function checkTagCount(count: number): void {
  if (count > MOST_TAGS) throw tooManyTags(count, MOST_TAGS);
}

export function checkQuantities(wanted: { min_disk?: unknown; min_ram?: unknown }): void {
  for (const name of ['min_disk', 'min_ram'] as const) {
    const value = wanted[name];
    if (typeof value !== 'number') continue;
    if (value < 0) throw negative(name, value);
    if (value > MOST_QUANTITY) throw tooLargeQuantity(name, value, MOST_QUANTITY);
  }
}
