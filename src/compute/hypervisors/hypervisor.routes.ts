/** /os-hypervisors: HTTP in, HTTP out, no decisions. */
import type { FastifyRequest } from 'fastify';
import { listOf, pageLink, type Query } from '#platform/http/list-query.ts';
import { versionNotFoundForMethod } from '../compute.faults.ts';
import { linksOf, type ComputeRoutes } from '../http/compute-service.ts';
import type { RequestCheck } from '../http/request-check.ts';
import { booleanOf } from '../http/schema-parts.ts';
import { factsOf } from '../nodes/compute-node.store.ts';
import { instanceName } from '../servers/server-row.ts';
import { serviceNumberOf } from '../services/service-list.ts';
import * as faults from './hypervisor.faults.ts';
import { cpuInfoOf } from './hypervisor.rules.ts';
import * as schema from './hypervisor.schema.ts';
import type { Hypervisor, HypervisorService } from './hypervisor.service.ts';

type Listed = { Querystring: Query };
type Id = { Params: { id: string }; Querystring: Query };

/** A page is at most this long (Nova's `max_limit`). */
const MAX_LIMIT = 1000;
const policy = (verb: string) => ({ config: { policy: `os_compute_api:os-hypervisors:${verb}` } });

/** Routes that a microversion took away. */
function checkUpTo(last: number, minor: number): void {
  if (minor > last) throw versionNotFoundForMethod(minor);
}

/** compat: below 2.75 an empty list of servers is left out. */
function servedBy({ servers }: Hypervisor, minor: number) {
  if (servers.length === 0 && minor < 75) return {};
  return {
    servers: servers.map((server) => ({ name: instanceName(server), uuid: server.id })),
  };
}

const wantsServers = (query: Query): boolean =>
  booleanOf(listOf(query['with_servers'])[0]) ?? false;

export function hypervisorRoutes(
  hypervisors: HypervisorService,
  check: RequestCheck,
): ComputeRoutes {
  const list = async (request: FastifyRequest, detail: boolean) => {
    const { ctx } = request;
    const minor = ctx.microversion;
    const query = check.query(schema.HYPERVISOR_LIST_QUERY, minor, request.query);
    const view = (hypervisor: Hypervisor) => ({
      ...(detail ? viewDetail(hypervisor, minor) : viewHypervisor(hypervisor, minor)),
      ...(minor >= 53 && wantsServers(query) && servedBy(hypervisor, minor)),
    });
    const verb = detail ? 'list-detail' : 'list';
    const [pattern] = minor >= 53 ? listOf(query['hypervisor_hostname_pattern']) : [];
    const [limit] = minor >= 33 ? listOf(query['limit']) : [];
    const [marker = null] = minor >= 33 ? listOf(query['marker']) : [];
    if (pattern !== undefined) {
      if (limit !== undefined || marker !== null) throw faults.pagingWithPattern();
      return { hypervisors: (await hypervisors.search(ctx, verb, pattern)).map(view) };
    }
    const most = Math.min(Number(limit ?? MAX_LIMIT), MAX_LIMIT);
    const rows = await hypervisors.list(ctx, verb, { limit: most, marker });
    const last = rows.at(-1);
    const path = detail ? 'os-hypervisors/detail' : 'os-hypervisors';
    return {
      hypervisors: rows.map(view),
      ...(minor >= 33 &&
        last !== undefined &&
        rows.length === most && {
          hypervisors_links: [
            {
              rel: 'next',
              href: pageLink(linksOf(request).self(path), query, String(shownId(last, minor))),
            },
          ],
        }),
    };
  };

  return (app) => {
    app.get<Listed>(
      '/os-hypervisors',
      policy('list'),
      async (request) => await list(request, false),
    );
    app.get<Listed>(
      '/os-hypervisors/detail',
      policy('list-detail'),
      async (request) => await list(request, true),
    );
    app.get<Listed>('/os-hypervisors/statistics', policy('statistics'), async ({ ctx }) => {
      checkUpTo(87, ctx.microversion);
      return { hypervisor_statistics: await hypervisors.statistics(ctx) };
    });
    app.get<Id>('/os-hypervisors/:id', policy('show'), async ({ ctx, params, query }) => {
      const minor = ctx.microversion;
      const checked = check.query(schema.HYPERVISOR_QUERY, minor, query);
      const hypervisor = await hypervisors.get(ctx, params.id);
      const withServers = minor >= 53 && wantsServers(checked);
      return {
        hypervisor: {
          ...viewDetail(hypervisor, minor),
          ...(withServers && servedBy(hypervisor, minor)),
        },
      };
    });
    app.get<Id>('/os-hypervisors/:id/uptime', policy('uptime'), async ({ ctx, params }) => {
      checkUpTo(87, ctx.microversion);
      const found = await hypervisors.getWithUptime(ctx, params.id);
      return { hypervisor: { ...viewHypervisor(found, ctx.microversion), uptime: found.uptime } };
    });
    app.get<Id>('/os-hypervisors/:id/search', policy('search'), async ({ ctx, params }) => {
      const minor = ctx.microversion;
      checkUpTo(52, minor);
      const found = await hypervisors.search(ctx, 'search', params.id);
      return { hypervisors: found.map((one) => viewHypervisor(one, minor)) };
    });
    app.get<Id>('/os-hypervisors/:id/servers', policy('servers'), async ({ ctx, params }) => {
      const minor = ctx.microversion;
      checkUpTo(52, minor);
      const found = await hypervisors.search(ctx, 'servers', params.id);
      return {
        hypervisors: found.map((one) => ({
          ...viewHypervisor(one, minor),
          ...servedBy(one, minor),
        })),
      };
    });
  };
}

const shownId = ({ node }: Hypervisor, minor: number) => (minor >= 53 ? node.id : node.number);

function viewHypervisor(hypervisor: Hypervisor, minor: number) {
  const { node, up } = hypervisor;
  return {
    id: shownId(hypervisor, minor),
    hypervisor_hostname: node.host,
    state: up ? 'up' : 'down',
    status: node.disabled === 1 ? 'disabled' : 'enabled',
  };
}

function viewDetail(hypervisor: Hypervisor, minor: number) {
  const { node, usage } = hypervisor;
  const facts = factsOf(node);
  const cpuInfo = cpuInfoOf(facts);
  return {
    ...viewHypervisor(hypervisor, minor),
    hypervisor_type: facts.hypervisorType,
    hypervisor_version: facts.hypervisorVersion,
    // An agent is on the machine of the control process, which it reaches by a local socket.
    host_ip: '127.0.0.1',
    service: {
      id: minor >= 53 ? node.service_id : serviceNumberOf(node),
      host: node.host,
      disabled_reason: node.disabled_reason,
    },
    ...(minor < 88
      ? { ...usage, cpu_info: minor >= 28 ? cpuInfo : JSON.stringify(cpuInfo) }
      : { uptime: hypervisor.uptime }),
  };
}
