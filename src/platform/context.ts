/** Who is asking, and on what terms. */
import type { Logger } from 'pino';

/** What a valid token says of its bearer. */
export type Identity = {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string;
  /** The project that the token is scoped to; '' when it is not scoped to a project. */
  readonly projectId: string;
  readonly projectName: string;
  readonly projectDomainId: string;
  /** The domain that the token is scoped to; '' when it is not scoped to a domain. */
  readonly domainId: string;
  /** `all` for a system-scoped token, '' otherwise. */
  readonly systemScope: 'all' | '';
  /** Role names in lower case, with those that they imply. */
  readonly roles: ReadonlySet<string>;
};

/** The first argument of every service function. */
export type Context = Identity & {
  readonly requestId: string;
  /** The X-Auth-Token of the request; '' for work that the cloud does by itself. */
  readonly token: string;
  /** The minor number of the microversion asked for, such as 90 for 2.90; the service's minimum when none was. */
  readonly microversion: number;
  /** True for work that the cloud does by itself (sagas, reconcilers): policies let it pass. */
  readonly internal: boolean;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

/** A context for what the cloud does by itself, on behalf of a project. */
export function internalContext(
  log: Logger,
  signal: AbortSignal,
  projectId = '',
  requestId = 'req-internal',
): Context {
  return {
    userId: '',
    userName: '',
    userDomainId: '',
    projectId,
    projectName: '',
    projectDomainId: '',
    domainId: '',
    systemScope: '',
    roles: new Set(['admin', 'service']),
    requestId,
    token: '',
    microversion: 0,
    internal: true,
    log,
    signal,
  };
}
