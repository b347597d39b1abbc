/** /servers/{id}/ips: a server's addresses. */
import type { Context } from '#platform/context.ts';
import { notFound } from '../compute.faults.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import { ownMember } from '../http/own.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { NO_PARAMS } from '../http/schema-parts.ts';
import type { ServerReader } from '../servers/server-reader.ts';
import type { Addresses } from './addresses.ts';

/** The rule that guards a route. */
const guard = (verb: string) => ({ config: { policy: `os_compute_api:ips:${verb}` } });

type Id = { Params: { id: string } };
type Named = { Params: { id: string; network: string } };

export function addressRoutes(reader: ServerReader, check: RequestCheck): ComputeRoutes {
  const addresses = async (
    ctx: Context,
    id: string,
    verb: 'index' | 'show',
  ): Promise<Addresses['plain']> => {
    const row = await reader.get(ctx, id, `os_compute_api:ips:${verb}`);
    const [facts] = await reader.facts(ctx, [row], { withGroups: false });
    return facts?.addresses.plain ?? {};
  };
  return (app) => {
    app.get<Id>('/servers/:id/ips', guard('index'), async (request) => {
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      return { addresses: await addresses(request.ctx, request.params.id, 'index') };
    });
    app.get<Named>('/servers/:id/ips/:network', guard('show'), async (request) => {
      const { id, network } = request.params;
      check.query(NO_PARAMS, request.ctx.microversion, request.query);
      const found = ownMember(await addresses(request.ctx, id, 'show'), network);
      if (!found) throw notFound('Instance is not a member of specified network');
      return { [network]: found };
    });
  };
}
