/** /os-floating-ips and /os-floating-ip-pools, gone since 2.36: HTTP in, HTTP out, no decisions. */
import type { FastifyRequest } from 'fastify';
import type { Context } from '#platform/context.ts';
import type { FloatingIpFacts } from '#network/network-api.ts';
import { versionNotFoundForMethod } from '../compute.faults.ts';
import type { ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { FLOATING_IP_CREATE } from './floating-ip.schema.ts';
import type { FloatingIps } from './floating-ip.service.ts';

/** The last microversion with these routes. */
const LAST = 35;

const guard = (verb: string) => ({
  config: { policy: `os_compute_api:os-floating-ips:${verb}` },
});

type ById = { Params: { id: string } };

export function floatingIpRoutes(floatingIps: FloatingIps, check: RequestCheck): ComputeRoutes {
  return (app) => {
    const pools = { config: { policy: 'os_compute_api:os-floating-ip-pools' } };
    app.get('/os-floating-ip-pools', pools, async (request) => {
      const found = await floatingIps.pools(served(request));
      return { floating_ip_pools: found.map(({ id, name }) => ({ name: name || id })) };
    });

    app.get('/os-floating-ips', guard('list'), async (request) => ({
      floating_ips: (await floatingIps.list(served(request))).map(viewFloatingIp),
    }));

    app.get<ById>('/os-floating-ips/:id', guard('show'), async (request) => ({
      floating_ip: viewFloatingIp(await floatingIps.get(served(request), request.params.id)),
    }));

    app.post('/os-floating-ips', guard('create'), async (request) => {
      const ctx = served(request);
      const body = check.body<{ pool?: string | null } | null>(
        FLOATING_IP_CREATE,
        ctx.microversion,
        request.body ?? null,
      );
      return { floating_ip: viewFloatingIp(await floatingIps.create(ctx, body?.pool ?? null)) };
    });

    app.delete<ById>('/os-floating-ips/:id', guard('delete'), async (request, reply) => {
      await floatingIps.delete(served(request), request.params.id);
      return await reply.code(202).send();
    });
  };
}

function served({ ctx }: Pick<FastifyRequest, 'ctx'>): Context {
  if (ctx.microversion > LAST) throw versionNotFoundForMethod(ctx.microversion);
  return ctx;
}

function viewFloatingIp({ id, ip, pool, fixedIp, deviceId }: FloatingIpFacts) {
  return { id, ip, pool, fixed_ip: fixedIp, instance_id: deviceId };
}
