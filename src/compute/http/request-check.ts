/** Checks bodies and queries against the schema of the microversion that was asked for. */
import type { Ajv, SchemaValidateFunction, ValidateFunction } from 'ajv';
import { newAjv, validationProblem, type ValidatedPart } from '#platform/http/validation.ts';
import type { Query } from '#platform/http/list-query.ts';
import { invalidInput } from '../compute.faults.ts';
import { isTime } from './times.ts';

/** JSON Schema, as data. */
export type Schema = Readonly<Record<string, unknown>>;

/** One schema for each range of microversions: each holds from its minor number on, the first from 2.1. */
export type SchemaRanges = readonly (readonly [from: number, schema: Schema])[];

/** Compiles each schema when it is first needed. One for the whole service. */
export class RequestCheck {
  readonly #ajv = newAjv(false);
  readonly #compiled = new Map<Schema, ValidateFunction>();

  constructor() {
    boundTexts(this.#ajv);
    this.#ajv.addFormat('name', {
      type: 'string',
      // As Nova: printable, and no space at either end.
      validate: (text: string) => text.trim() === text && !/\p{C}/u.test(text),
    });
    this.#ajv.addFormat('base64', {
      type: 'string',
      // Spaces first: a pattern that allowed them anywhere could be made to take very long.
      validate: (text: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(text.replaceAll(/\s/g, '')),
    });
    this.#ajv.addFormat('date-time', { type: 'string', validate: isTime });
  }

  /** The body, when the schema of the range allows it; throws Nova's refusal. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the schema is what vouches for the type
  body<T>(ranges: SchemaRanges | Schema, minor: number, body: unknown): T {
    this.#check(pick(ranges, minor), body, 'body');
    return body as T;
  }

  /** The query as lists by name. */
  query(ranges: SchemaRanges | Schema, minor: number, query: unknown): Query {
    const lists = Object.fromEntries(
      Object.entries(query as Query).map(([name, value]) => [name, [value ?? ''].flat()]),
    );
    this.#check(pick(ranges, minor), lists, 'querystring');
    return query as Query;
  }

  #check(schema: Schema, data: unknown, part: ValidatedPart): void {
    let validate = this.#compiled.get(schema);
    if (!validate) {
      validate = this.#ajv.compile(schema);
      this.#compiled.set(schema, validate);
    }
    if (validate(data)) return;
    const errors = validate.errors ?? [];
    const last = errors.at(-1);
    const problem = validationProblem(errors);
    // compat: jsonschema names the pattern when the names of members follow one.
    const patterns = Object.keys(
      (last?.parentSchema?.['patternProperties'] as object | undefined) ?? {},
    );
    if (last?.keyword === 'additionalProperties' && patterns.length > 0) {
      const name = String((last.params as Record<string, unknown>)['additionalProperty']);
      const message = `'${name}' does not match any of the regexes: ${patterns.map((text) => `'${text}'`).join(', ')}`;
      throw invalidInput({ ...problem, message }, part);
    }
    const words = last?.keyword === 'format' ? FORMAT_WORDS[String(last.schema)] : undefined;
    if (words !== undefined) throw invalidInput({ ...problem, message: words }, part);
    // A value of a query is a list of one here; Nova shows the value.
    if (part === 'querystring') {
      const path = problem.path.filter((step) => typeof step === 'string');
      throw invalidInput({ ...problem, path }, part);
    }
    throw invalidInput(problem, part);
  }
}

/** compat: what Nova's own formats say. */
const FORMAT_WORDS: Readonly<Record<string, string>> = {
  name:
    "An invalid 'name' value was provided. The name must be: printable characters. " +
    'Can not start or end with whitespace.',
};

function pick(ranges: SchemaRanges | Schema, minor: number): Schema {
  if (!isRanges(ranges)) return ranges;
  const found = ranges.findLast(([from]) => from <= minor);
  if (!found) throw new Error(`no schema is known for 2.${minor}`);
  return found[1];
}

function isRanges(ranges: SchemaRanges | Schema): ranges is SchemaRanges {
  return Array.isArray(ranges);
}

/** compat: a number that comes as text has the bounds of a number. */
function boundTexts(ajv: Ajv): void {
  const within = {
    minimum: (value: number, limit: number) => value >= limit,
    maximum: (value: number, limit: number) => value <= limit,
  };
  for (const [keyword, holds] of Object.entries(within)) {
    const validate: SchemaValidateFunction = (limit: number, data: number | string) => {
      const value = Number(data);
      // What is no number at all, the pattern refuses.
      if (Number.isNaN(value) || holds(value, limit)) return true;
      validate.errors = [{ keyword, params: { limit } }];
      return false;
    };
    ajv.removeKeyword(keyword);
    ajv.addKeyword({
      keyword,
      type: ['number', 'string'],
      schemaType: 'number',
      validate,
      errors: 'full',
    });
  }
}
