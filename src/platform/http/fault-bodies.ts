/** How each service words a fault on the wire. */
import { pythonStr } from '#base/text/python.ts';
import { Fault, type FaultKind } from '../fault.ts';
import type { ValidatedPart, ValidationProblem } from './validation.ts';
import { webobFault } from './webob-faults.ts';

export type WireFault = {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
};

/** What some services look at when they word a refusal. */
export type RefusedRequest = {
  readonly method: string;
  /** The headers of those names; '' when the request had none. */
  readonly accept: string;
  readonly contentType: string;
};

/** A service's way of saying no. */
export type Dialect = {
  readonly name: 'identity' | 'image' | 'network' | 'compute' | 'placement' | 'platform';
  fault(
    fault: Fault,
    status: number,
    requestId: string,
    request: RefusedRequest,
  ): { contentType?: string; body: unknown };
  /** Kinds whose status differs from the usual one. */
  readonly statusOf?: Partial<Record<FaultKind, number>>;
  /** Codes whose status differs from that of their kind, each with a `compat:` comment. */
  readonly statusOfCode?: Readonly<Record<string, number>>;
  /** The text for a body that is not JSON at all. */
  readonly malformedBody: string;
  /** A request that its schema refuses. */
  invalid(problem: ValidationProblem, part: ValidatedPart): Fault;
};

const STATUS: Record<FaultKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  conflict: 409,
  'over-quota': 409,
  'no-capacity': 409,
  'precondition-failed': 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  internal: 500,
  'not-implemented': 501,
  unavailable: 503,
};

const TITLES: Readonly<Record<number, string>> = {
  300: 'Multiple Choices',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Request Range Not Satisfiable',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** The status of a refusal that has no body. */
export function statusOfKind(kind: FaultKind): number {
  return STATUS[kind];
}

/** The answer to send for a fault. */
export function wireFault(
  dialect: Dialect,
  fault: Fault,
  requestId: string,
  request: RefusedRequest = { method: 'GET', accept: '', contentType: '' },
): WireFault {
  const status =
    dialect.statusOfCode?.[fault.code] ?? dialect.statusOf?.[fault.kind] ?? STATUS[fault.kind];
  // compat: keystonemiddleware refuses a bad token for every service, in Keystone's own words.
  const speaker = fault.kind === 'unauthenticated' ? identityDialect : dialect;
  const { contentType, body } = speaker.fault(fault, status, requestId, request);
  return {
    status,
    contentType: contentType ?? 'application/json',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

export const identityDialect: Dialect = {
  name: 'identity',
  statusOf: { 'over-quota': 403 },
  malformedBody: 'Malformed request body',
  fault: (fault, status) => ({
    body: { error: { code: status, message: fault.message, title: TITLES[status] ?? '' } },
  }),
  invalid: ({ path, message }, part) => {
    // compat: keystone checks what is inside `{"user": ...}`, so the wrapper is no part of the path.
    const field = (part === 'body' ? path.slice(1) : path).join('/');
    return new Fault(
      'invalid',
      'SchemaValidationError',
      field === '' ? message : `Invalid input for field '${field}': ${message}`,
    );
  },
};

export const networkDialect: Dialect = {
  name: 'network',
  // compat: Neutron's error has no status of its own there.
  statusOfCode: { PortBindingError: 500 },
  malformedBody: 'Cannot understand JSON',
  fault: (fault, _status, requestId) => ({
    body: {
      NeutronError: {
        type: fault.code,
        message:
          fault.kind === 'internal'
            ? `Request Failed: internal server error while processing your request. (${requestId})`
            : fault.message,
        detail: '',
      },
    },
  }),
  invalid: ({ path, message }) =>
    new Fault(
      'invalid',
      'HTTPBadRequest',
      path.length === 0 ? message : `Invalid input for ${path.at(-1)}. Reason: ${message}.`,
    ),
};

const NOVA_NAMES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

export const computeDialect: Dialect = {
  name: 'compute',
  statusOf: { 'over-quota': 403 },
  malformedBody: 'Malformed request body',
  fault: (fault, status, requestId) => ({
    body: {
      [NOVA_NAMES[status] ?? 'computeFault']: {
        code: status,
        message:
          fault.kind === 'internal'
            ? `Unexpected API Error. Please report this with the request id ${requestId}.`
            : fault.message,
      },
    },
  }),
  invalid: ({ path, value, message }) => {
    const field = path.at(-1);
    return new Fault(
      'invalid',
      'ValidationError',
      field === undefined
        ? message
        : `Invalid input for field/attribute ${field}. Value: ${pythonStr(value)}. ${message}`,
    );
  },
};

/** Glance leaves its refusals to webob, the library that it is written with. */
export const imageDialect: Dialect = {
  name: 'image',
  statusOf: { 'over-quota': 413 },
  statusOfCode: {
    // compat: glance says so of an image that was deleted while its data arrived.
    ImageGone: 410,
    RangeNotSatisfiable: 416,
  },
  malformedBody: 'Malformed JSON in request body.',
  fault: (fault, status, _requestId, request) => webobFault(fault, status, TITLES, request),
  invalid: ({ message }) =>
    new Fault(
      'invalid',
      'InvalidObject',
      `Provided object does not match schema 'image': ${message}`,
    ),
};

/** For paths that belong to no service. */
export const platformDialect: Dialect = {
  name: 'platform',
  malformedBody: 'The request body is not JSON.',
  fault: (fault, status) => ({
    body: { error: { code: status, title: TITLES[status] ?? '', message: fault.message } },
  }),
  invalid: ({ message }) => new Fault('invalid', 'BadRequest', message),
};
