/** What a reader of one image format finds out from the first bytes of an image. */

export type FormatFacts = {
  /** The size of the disk that a guest would see; null when the header does not say. */
  readonly virtualSizeBytes: number | null;
  /** Why the image must not be used, for people; empty when nothing is wrong with it. */
  readonly unsafe: readonly string[];
};
