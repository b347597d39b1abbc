/** GET /metrics, for Prometheus: whoever has the metrics token, or an administrator's token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Identity } from '#platform/context.ts';
import { Fault } from '#platform/fault.ts';
import { formatMetrics, METRICS_TYPE, type Metric } from '#platform/metrics.ts';

export type MetricsOptions = {
  /** What a scraper shows as its bearer token; null when only administrators may read. */
  readonly token: string | null;
  /** Whom an X-Auth-Token belongs to; undefined when it is not valid. */
  readonly authenticate: (token: string) => Promise<Identity | undefined>;
  /** Where clients that have no token are sent to get one. */
  readonly authUrl: () => string;
  readonly collect: () => Promise<readonly Metric[]>;
};

export function metricsRoutes(app: FastifyInstance, options: MetricsOptions): void {
  app.get('/metrics', async (request, reply) => {
    if (!hasToken(request, options.token) && !(await isAdministrator(request, options))) {
      reply.header(
        'www-authenticate',
        `Keystone uri="${options.authUrl()}", Bearer realm="metrics"`,
      );
      throw new Fault(
        'unauthenticated',
        'Unauthorized',
        'The request you have made requires authentication.',
      );
    }
    const text = formatMetrics(await options.collect());
    return await reply.type(METRICS_TYPE).send(text);
  });
}

function hasToken(request: FastifyRequest, token: string | null): boolean {
  const [, shown] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (shown === undefined || token === null) return false;
  // Digests are of one length, so that comparing them tells nothing of the token.
  return timingSafeEqual(digest(shown), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether an administrator asks. Anybody else who has shown who they are is refused for good. */
async function isAdministrator(
  { headers }: FastifyRequest,
  { authenticate }: MetricsOptions,
): Promise<boolean> {
  const token = headers['x-auth-token'];
  const identity =
    typeof token === 'string' && token.length > 0 && token.length <= 8192
      ? await authenticate(token)
      : undefined;
  if (!identity) return false;
  if (identity.roles.has('admin')) return true;
  throw new Fault('forbidden', 'Forbidden', 'Only administrators may read the metrics.');
}
