/** What can be asked of a list of images, between the query string and the SQL. */
import type { MemberStatus } from '#platform/db/tables/image.ts';

/** Who looks: what they see depends on it. */
export type Viewer = {
  readonly admin: boolean;
  readonly projectId: string;
  /** Which of the images that are shared with the project are seen. */
  readonly memberStatus: MemberStatus | 'all';
};

export type Comparison = 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte';
export type TextColumn = 'id' | 'name' | 'status' | 'container_format' | 'disk_format';
export type SizeColumn = 'size' | 'virtual_size' | 'min_disk' | 'min_ram';
export type ExactColumn = 'owner' | 'checksum' | 'os_hash_algo' | 'os_hash_value' | SizeColumn;

export type ImageFilter =
  | { readonly kind: 'one-of'; readonly column: TextColumn; readonly values: readonly string[] }
  | { readonly kind: 'exact'; readonly column: ExactColumn; readonly value: string }
  | { readonly kind: 'flag'; readonly column: 'protected' | 'os_hidden'; readonly value: 0 | 1 }
  | {
      readonly kind: 'size';
      readonly column: SizeColumn;
      readonly bound: 'least' | 'most';
      readonly value: number;
    }
  | {
      readonly kind: 'time';
      readonly column: 'created_at' | 'updated_at';
      readonly comparison: Comparison;
      /** To the second, without a zone: `2026-11-21T01:02:03`. */
      readonly value: string;
    }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'property'; readonly name: string; readonly value: string }
  /** `all` shows other projects' community images too. */
  | { readonly kind: 'visibility'; readonly visibility: string };
