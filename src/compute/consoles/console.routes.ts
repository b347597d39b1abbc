/** POST /servers/{id}/remote-consoles and GET /os-console-auth-tokens/{token}: HTTP in, HTTP out. */
import type { FastifyRequest } from 'fastify';
import { versionNotFoundForMethod } from '../compute.faults.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { listParams } from '../http/schema-parts.ts';
import { onlyRdp } from './console.faults.ts';
import { consoleUrl } from './console.rules.ts';
import { REMOTE_CONSOLE, type RemoteConsoleBody } from './console.schema.ts';
import type { Consoles } from './console.service.ts';

type Id = { Params: { id: string } };
type Token = { Params: { token: string } };

/** A query without parameters: anything goes until 2.99. */
const NO_PARAMS = [
  [1, listParams({}, true)],
  [99, listParams({}, false)],
] as const;

export function consoleRoutes(consoles: Consoles, check: RequestCheck): ComputeRoutes {
  return (app) => {
    app.post<Id>(
      '/servers/:id/remote-consoles',
      { config: { policy: 'os_compute_api:os-remote-consoles' } },
      async (request) => {
        const { ctx, params } = request;
        if (ctx.microversion < 6) throw versionNotFoundForMethod(ctx.microversion);
        const body = check.body<RemoteConsoleBody>(REMOTE_CONSOLE, ctx.microversion, request.body);
        const { protocol, type } = body.remote_console;
        const made = await consoles.create(ctx, params.id, protocol, type);
        const url = consoleUrl(made.type, made.token, originOf(request));
        return { remote_console: { protocol, type, url } };
      },
    );
    app.get<Token>(
      '/os-console-auth-tokens/:token',
      { config: { policy: 'os_compute_api:os-console-auth-tokens' } },
      async (request) => {
        const { ctx, params } = request;
        check.query(NO_PARAMS, ctx.microversion, request.query);
        if (ctx.microversion < 31) throw onlyRdp();
        const { serverId, host } = await consoles.show(ctx, params.token);
        // compat: a port is expected; a guest's console listens on none, but on a socket of its host.
        return {
          console: { instance_uuid: serverId, host, port: 0, internal_access_path: null },
        };
      },
    );
  };
}

/** This cloud as the client reached it. */
export function originOf({ protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>): string {
  return `${protocol}://${host}`;
}
