/** What a guest asks of the metadata service, and what it is answered: HTTP as far as both sides need it. */

/** One request to `http://169.254.169.254/`, with the port of the card from which it came. */
export type MetadataQuestion = {
  readonly portId: string;
  readonly method: string;
  /** With its query, such as `/openstack/latest/meta_data.json`. */
  readonly path: string;
  /** What came with the request, as base64: a guest posts its password. Null when nothing did. */
  readonly body: string | null;
};

/** A request that brings more than this is answered 413 by whoever listens: it is not asked about. */
export const MAX_METADATA_BODY = 65_536;

/** `body` is base64. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
