/** Request validation: JSON Schema compiled on first use, and failures worded as Python's jsonschema words them. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { pythonRepr } from '#base/text/python.ts';

/** Where a failing value came from. */
export type ValidatedPart = 'body' | 'querystring' | 'params' | 'headers';

/**
 * Returns a compiler for Fastify. Compiling all schemas at start would take most of a second, so each is
 * compiled when its first request comes. Query strings and params are text and are coerced; bodies never are.
 */
export function lazyValidatorCompiler(): (route: {
  schema: unknown;
  httpPart?: string;
}) => ValidateFunction {
  const strict = newAjv(false);
  const coercing = newAjv('array');
  return ({ schema, httpPart }) => {
    let compiled: ValidateFunction | undefined;
    const validate = (data: unknown) => {
      compiled ??= (httpPart === 'body' ? strict : coercing).compile(schema as object);
      const valid = compiled(data);
      lazy.errors = compiled.errors ?? null;
      return valid;
    };
    const lazy = validate as unknown as ValidateFunction;
    return lazy;
  };
}

/** The validator that requests are checked with; also used by the test that compiles every schema. */
export function newAjv(coerceTypes: boolean | 'array'): Ajv {
  const ajv = new Ajv({
    coerceTypes,
    removeAdditional: false,
    useDefaults: false,
    allErrors: false,
    verbose: true,
    strict: false,
  });
  // The package is CommonJS: under nodenext its default export is the module itself.
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  return ajv;
}

/** What a failed validation says, in jsonschema's words, and at which path. */
export type ValidationProblem = {
  /** Members from the outside in, such as `['server', 'networks', 0, 'uuid']`. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly message: string;
};

/** The one failure to report: with alternatives (`anyOf`) the outermost, which Ajv puts last. */
export function validationProblem(errors: readonly ErrorObject[]): ValidationProblem {
  const error = errors.at(-1);
  if (!error) return { path: [], value: null, message: 'Invalid input' };
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { path, value: error.data, message: jsonschemaMessage(error) };
}

function jsonschemaMessage(error: ErrorObject): string {
  const value = pythonRepr(error.data);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required':
      return `${pythonRepr(params['missingProperty'])} is a required property`;
    case 'additionalProperties':
      return `Additional properties are not allowed (${pythonRepr(params['additionalProperty'])} was unexpected)`;
    case 'type': {
      const types = [params['type']].flat().map(pythonRepr).join(', ');
      return `${value} is not of type ${types}`;
    }
    case 'minLength':
    case 'minItems':
      return `${value} is too short`;
    case 'maxLength':
    case 'maxItems':
      return `${value} is too long`;
    case 'minProperties':
      return `${value} does not have enough properties`;
    case 'maxProperties':
      return `${value} has too many properties`;
    case 'pattern':
      return `${value} does not match ${pythonRepr(params['pattern'])}`;
    case 'format':
      return `${value} is not a ${pythonRepr(params['format'])}`;
    case 'enum':
      return `${value} is not one of ${pythonRepr(params['allowedValues'])}`;
    case 'const':
      return `${pythonRepr(params['allowedValue'])} was expected`;
    case 'minimum':
      return `${value} is less than the minimum of ${String(params['limit'])}`;
    case 'maximum':
      return `${value} is greater than the maximum of ${String(params['limit'])}`;
    case 'uniqueItems':
      return `${value} has non-unique elements`;
    case 'anyOf':
    case 'oneOf':
      return `${value} is not valid under any of the given schemas`;
    default:
      return error.message ?? 'Invalid input';
  }
}
