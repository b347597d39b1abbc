/** The one HTTP server: services side by side under their prefixes, each with its own words for faults. */
import type { IncomingMessage } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Context, Identity } from '../context.ts';
import { Fault } from '../fault.ts';
import { newRequestId } from '../ids.ts';
import type { Logger } from '../log.ts';
import { platformDialect, wireFault, type Dialect } from './fault-bodies.ts';
import { BODY_LIMIT, BODY_TIME_MS, readJson } from './json-body.ts';
import { WebSockets, type SocketDoor, type SocketLimits } from './web-sockets.ts';
import { lazyValidatorCompiler, validationProblem, type ValidatedPart } from './validation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route that is not public. */
    ctx: Context;
  }
  interface FastifyContextConfig {
    /** True for the few routes that need no token: version discovery and asking for a token. */
    public?: boolean;
    /** The policy rules that the service checks for this route, by OpenStack's names. */
    policy?: string | readonly string[];
  }
}

export { readJson } from './json-body.ts';

/** The instance that a service's routes are registered on. */
export type ServiceApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** One OpenStack service under its prefix. */
export type Service = {
  /** Such as `/networking`. */
  readonly prefix: string;
  /** compat: Neutron takes every body for JSON, whatever its type says; its own test clients send none. */
  readonly ignoresContentType?: boolean;
  readonly dialect: Dialect;
  /** Registers the service's routes, whose paths begin after the prefix. */
  readonly routes: (app: ServiceApp) => void;
  /** Reads the microversion that a request asks for, when the service has any; refuses one that is not served. */
  readonly microversion?: (request: FastifyRequest, reply: FastifyReply) => number;
};

export type HttpAppOptions = {
  readonly services: readonly Service[];
  /** What is served by WebSocket; nothing by default. */
  readonly doors?: readonly SocketDoor[];
  readonly socketLimits?: Partial<SocketLimits>;
  readonly log: Logger;
  /** Whom a token belongs to; undefined when it is not valid (any more). */
  readonly authenticate: (token: string) => Promise<Identity | undefined>;
  /** Where clients that have no token are sent to get one: Keystone's public address. */
  readonly authUrl: () => string;
  /** Aborted when the cloud goes down. */
  readonly signal: AbortSignal;
  /** Resolves when everything written so far is on disk. No answer to a request that may write goes out before. */
  readonly settled?: () => Promise<void>;
  /** For tests that do not want to wait. */
  readonly patience?: Patience;
};

/** How long slow clients are waited for, in milliseconds. */
export type Patience = {
  /** Until all headers have come. */
  readonly headers: number;
  /** Until a JSON body has come whole. */
  readonly body: number;
  /** While nothing at all comes or goes. */
  readonly silence: number;
};

/** Uploads of images may take hours, as long as they go on. */
const PATIENCE: Patience = { headers: 60_000, body: BODY_TIME_MS, silence: 120_000 };

export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const patience = options.patience ?? PATIENCE;
  const sockets = new WebSockets(options.doors ?? [], options.log, options.socketLimits);
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    genReqId: newRequestId,
    connectionTimeout: patience.silence,
    http: {
      headersTimeout: patience.headers,
      connectionsCheckingInterval: Math.min(patience.headers / 2, 30_000),
      shouldUpgradeCallback: (request) => sockets.isFor(request),
    },
    keepAliveTimeout: 75_000,
    // Uploads may take hours; JSON bodies have a time of their own.
    requestTimeout: 0,
    forceCloseConnections: true,
    // A node that reads `?a=1&a=2` as a list, and one that never follows prototypes.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    // After a failed parse the framework would otherwise answer in its own words.
    frameworkErrors: (error, request, reply) => {
      const service = options.services.find(({ prefix }) => isUnder(prefix, request.url));
      const dialect = service?.dialect ?? platformDialect;
      void sendFault(dialect, asFault(dialect, error), request, reply);
    },
  });
  sockets.listen(app.server);
  app.addHook('preClose', async () => sockets.close());
  app.setValidatorCompiler(lazyValidatorCompiler() as never);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.decorateRequest('ctx', null as unknown as Context);
  app.setErrorHandler(errorHandler(platformDialect, options));
  app.setNotFoundHandler(async (request, reply) => {
    const fault = new Fault(
      'not-found',
      'NotFound',
      `Nothing is served at '${request.url.slice(0, 200)}'.`,
    );
    await sendFault(platformDialect, fault, request, reply);
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    // compat: no OpenStack service names a charset with JSON, and some clients compare the whole value.
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') {
      reply.header('content-type', 'application/json');
    }
    return payload;
  });
  const { settled } = options;
  if (settled) {
    app.addHook('onSend', async (request) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') await settled();
    });
  }
  app.addHook('onResponse', async (request, reply) => {
    options.log.info(
      {
        request_id: request.id,
        method: request.method,
        url: withoutTickets(request.url),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        project_id: request.ctx?.projectId,
      },
      'request',
    );
  });
  for (const service of options.services) {
    app.register(servicePlugin(service, options), { prefix: service.prefix });
  }
  return app;
}

/** All that fastify would otherwise read in its own way, or not at all. */
const ANY_TYPE = ['application/json', 'text/plain', '*'];

function servicePlugin(service: Service, options: HttpAppOptions): FastifyPluginAsync {
  const { dialect } = service;
  return async (plain) => {
    const app: ServiceApp = plain.withTypeProvider<TypeBoxTypeProvider>();
    const served = new ServedPaths();
    app.addHook('onRoute', (route) => served.add(route.method, route.url));
    app.addContentTypeParser(
      service.ignoresContentType === true ? ANY_TYPE : 'application/json',
      async (_request: FastifyRequest, payload: IncomingMessage) =>
        await readJson(payload, dialect, options.patience?.body),
    );
    app.setErrorHandler(errorHandler(dialect, options));
    app.setNotFoundHandler(async (request, reply) => {
      const methods = served.methodsOf(request.url.split('?')[0] ?? '');
      if (methods.length > 0) reply.header('allow', methods.join(', '));
      const fault =
        methods.length > 0
          ? new Fault(
              'method-not-allowed',
              'HTTPMethodNotAllowed',
              'The method is not allowed for this resource.',
            )
          : new Fault('not-found', 'HTTPNotFound', 'The resource could not be found.');
      await sendFault(dialect, fault, request, reply);
    });
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-openstack-request-id', request.id);
      if (dialect.name === 'compute') reply.header('x-compute-request-id', request.id);
      // The handler for unknown paths runs this hook too, and needs no token.
      if (request.is404) return;
      const microversion = service.microversion?.(request, reply) ?? 0;
      if (request.routeOptions.config.public === true) {
        request.ctx = anonymous(request, microversion, options);
        return;
      }
      const token = request.headers['x-auth-token'];
      const identity =
        typeof token === 'string' && token.length > 0 && token.length <= 8192
          ? await options.authenticate(token)
          : undefined;
      if (!identity) {
        reply.header('www-authenticate', `Keystone uri="${options.authUrl()}"`);
        throw new Fault(
          'unauthenticated',
          'Unauthorized',
          'The request you have made requires authentication.',
        );
      }
      request.ctx = {
        ...identity,
        requestId: request.id,
        token: token as string,
        microversion,
        internal: false,
        log: options.log.child({ request_id: request.id }),
        signal: options.signal,
      };
    });
    service.routes(app);
  };
}

/** Whoever reads the log shall not thereby get at consoles. */
function withoutTickets(url: string): string {
  return url.replaceAll(/(token(?:=|%3d)|-tokens\/)[^&?]*/gi, '$1...');
}

function isUnder(prefix: string, url: string): boolean {
  return url.startsWith(prefix) && /^($|[/?])/.test(url.slice(prefix.length));
}

function anonymous(
  request: FastifyRequest,
  microversion: number,
  options: HttpAppOptions,
): Context {
  return {
    userId: '',
    userName: '',
    userDomainId: '',
    projectId: '',
    projectName: '',
    projectDomainId: '',
    domainId: '',
    systemScope: '',
    roles: new Set(),
    requestId: request.id,
    token: '',
    microversion,
    internal: false,
    log: options.log,
    signal: options.signal,
  };
}

function errorHandler(dialect: Dialect, options: HttpAppOptions) {
  return async (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const fault = asFault(dialect, error);
    if (fault.kind === 'internal') {
      options.log.error(
        { request_id: request.id, err: fault.cause ?? fault, code: fault.code, ...fault.detail },
        'request failed',
      );
    }
    await sendFault(dialect, fault, request, reply);
  };
}

async function sendFault(
  dialect: Dialect,
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { status, contentType, body } = wireFault(dialect, fault, request.id, {
    method: request.method,
    accept: request.headers.accept ?? '',
    contentType: request.headers['content-type'] ?? '',
  });
  reply.code(status).type(contentType).header('x-openstack-request-id', request.id);
  // The rest of a refused body is not read: the connection cannot be used again.
  if (status === 413 || fault.code === 'RequestTimeout') reply.header('connection', 'close');
  reply.serializer((text) => text as string);
  await reply.send(body);
}

/** Whatever was thrown, as a fault; what nobody expected becomes `internal`. */
function asFault(dialect: Dialect, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const known = error as {
    validation?: Parameters<typeof validationProblem>[0];
    validationContext?: ValidatedPart;
    statusCode?: number;
    code?: string;
    message?: string;
  };
  if (known.validation) {
    return dialect.invalid(validationProblem(known.validation), known.validationContext ?? 'body');
  }
  switch (known.statusCode) {
    case 400:
      return new Fault('invalid', 'HTTPBadRequest', known.message ?? 'Bad request.');
    case 414:
      // An id that is longer than any that exists.
      return new Fault('not-found', 'HTTPNotFound', 'The resource could not be found.');
    case 413:
      return new Fault('too-large', 'RequestTooLarge', 'Request is too large.');
    case 415:
      return new Fault(
        'unsupported-media-type',
        'HTTPUnsupportedMediaType',
        'The content type of the request body is not supported.',
      );
    default:
      return new Fault('internal', 'HTTPInternalServerError', 'Internal server error.', {
        cause: error,
      });
  }
}

/** Which methods a path is served with, asked only when a request has matched nothing. */
class ServedPaths {
  readonly #routes: { readonly method: string; readonly pattern: RegExp }[] = [];

  add(methods: string | string[], url: string): void {
    const pattern = url
      .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll(/:[A-Za-z_]+/g, '[^/]+')
      .replaceAll('*', '.*');
    for (const method of [methods].flat()) {
      this.#routes.push({ method, pattern: new RegExp(`^${pattern}/?$`) });
    }
  }

  methodsOf(path: string): string[] {
    const methods = this.#routes
      .filter(({ pattern }) => pattern.test(path))
      .map(({ method }) => method);
    return [...new Set(methods)];
  }
}
