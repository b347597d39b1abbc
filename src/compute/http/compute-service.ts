/** The compute service as the HTTP server takes it: prefixes, microversion headers, the project in the path. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Service, ServiceApp } from '#platform/http/http-app.ts';
import { badRequest, dialect } from '../compute.faults.ts';
import { MIN_MINOR, requestedMinor } from '../microversions.ts';

/** Registers one resource's routes; paths begin after the version, such as `/servers`. */
export type ComputeRoutes = (app: ServiceApp) => void;

const PREFIX = '/compute';

/**
 * Every route exists with and without a project id in its path, and under `/v2`, which is 2.1 without microversions.
 * `root` are those outside any version.
 */
export function computeService(root: ComputeRoutes, routes: readonly ComputeRoutes[]): Service {
  return {
    prefix: PREFIX,
    dialect,
    microversion: readMicroversion,
    routes: (app) => {
      root(app);
      for (const version of ['/v2.1', '/v2']) {
        app.register(
          async (scope) => {
            for (const register of routes) register(scope);
          },
          { prefix: version },
        );
        app.register(
          async (scope) => {
            scope.addHook('preHandler', async (request) => checkProject(request));
            for (const register of routes) register(scope);
          },
          { prefix: `${version}/:project_id` },
        );
      }
    },
  };
}

function readMicroversion(request: FastifyRequest, reply: FastifyReply): number {
  const legacy = request.url.startsWith(`${PREFIX}/v2/`);
  reply.header('vary', 'OpenStack-API-Version, X-OpenStack-Nova-API-Version');
  const minor = legacy ? MIN_MINOR : requestedMinor(request.headers);
  if (!legacy) {
    reply.header('openstack-api-version', `compute 2.${minor}`);
    reply.header('x-openstack-nova-api-version', `2.${minor}`);
  }
  return minor;
}

function checkProject(request: FastifyRequest): void {
  const named = projectInPath(request);
  if (named === request.ctx.projectId) return;
  throw badRequest(
    `Malformed request URL: URL's project_id '${named}' doesn't match Context's project_id '${request.ctx.projectId}'`,
  );
}

function projectInPath(request: FastifyRequest): string {
  return (request.params as { project_id?: string }).project_id ?? '';
}

/** Makes the addresses that answers hold. */
export type Links = {
  /** The address of a resource by its path, such as `servers/<id>`. */
  readonly self: (path: string) => string;
  readonly both: (path: string) => { rel: string; href: string }[];
  readonly bookmark: (path: string) => { rel: string; href: string }[];
};

/** Addresses as this client reached us: same host, same form of path. */
export function linksOf(request: FastifyRequest): Links {
  const base = `${request.protocol}://${request.host}${PREFIX}`;
  const version = request.url.startsWith(`${PREFIX}/v2/`) ? 'v2' : 'v2.1';
  const project = projectInPath(request);
  const within = project === '' ? '' : `${project}/`;
  const self = (path: string) => `${base}/${version}/${within}${path}`;
  const bookmark = (path: string) => [{ rel: 'bookmark', href: `${base}/${within}${path}` }];
  return {
    self,
    bookmark,
    both: (path) => [{ rel: 'self', href: self(path) }, ...bookmark(path)],
  };
}
