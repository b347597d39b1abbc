/** What a guest asks of the metadata service, and what it is answered: HTTP as far as both sides need it. */

/** One request to `http://169.254.169.254/`, with the port of the card from which it came. */
export type MetadataQuestion = {
  readonly portId: string;
  readonly method: string;
  /** With its query, such as `/openstack/latest/meta_data.json`. */
  readonly path: string;
};

/** `body` is base64. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
