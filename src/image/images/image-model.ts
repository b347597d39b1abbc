/** An image as the service keeps it. */
import type { ImageTables } from '#platform/db/tables/image.ts';

export type ImageRow = ImageTables['images'];

/** An image with its custom properties and tags. */
export type Image = ImageRow & {
  readonly properties: Readonly<Record<string, string | null>>;
  /** In alphabetical order. */
  readonly tags: readonly string[];
};
