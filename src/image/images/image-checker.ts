/** Checks parts of an image against the schema, where a request is not an image as a whole. */
import type { ValidateFunction } from 'ajv';
import { imageDialect } from '#platform/http/fault-bodies.ts';
import { newAjv, validationProblem } from '#platform/http/validation.ts';
import { ImageObject } from './image.schema.ts';

export class ImageChecker {
  #validate: ValidateFunction | undefined;

  /** Throws `InvalidObject` when the schema refuses the value of one of these attributes. */
  check(partial: Readonly<Record<string, unknown>>): void {
    // Compiled when it is first needed: a start should not wait for it.
    this.#validate ??= newAjv(false).compile(ImageObject);
    if (this.#validate(partial)) return;
    throw imageDialect.invalid(validationProblem(this.#validate.errors ?? []), 'body');
  }
}
