/** What a look at this machine found: one line of `stackyard doctor`. */

export type Finding = {
  /** What was looked at, in a few words, such as `network namespaces`. */
  readonly subject: string;
  readonly ok: boolean;
  /** What was found, in one line for people. */
  readonly said: string;
  /** The command or the step that brings what is missing; null when nothing is. */
  readonly remedy: string | null;
};

/** A command of the host that the program runs, and the Debian package that brings it. */
export type HostTool = { readonly command: string; readonly package: string };
