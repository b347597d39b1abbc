/** Plain JSON values: what may be stored, sent to a host or kept in a saga's log. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** A JSON object with nothing known of its members. */
export type JsonObject = { readonly [key: string]: Json | undefined };

/** True for a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
