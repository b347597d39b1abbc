/** A recorded exchange as it is kept here: facts alone, with placeholders where ids and names were. */
import { readFileSync } from 'node:fs';
import type { Json } from '#base/json.ts';
import type { Shape } from './shape.ts';

export const SERVICES = ['identity', 'image', 'networking', 'compute'] as const;
export type ServiceName = (typeof SERVICES)[number];

export type Exchange = {
  readonly method: string;
  /** Under this cloud's prefix, with placeholders such as `{networks#3}` and `{name#1}`; with its query. */
  readonly url: string;
  /** The compute microversion that was asked for. */
  readonly version?: string;
  /** When it was not JSON. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly body?: Json;
  readonly status: number;
  /** How a refusal was worded: its type, where it has one, and its text. */
  readonly error?: { readonly type?: string; readonly text: string };
  /** What a success looked like. */
  readonly shape?: Shape;
};

/** A placeholder: the kind of thing, and which of that kind. */
export const PLACEHOLDER = /\{([a-z_-]+)#(\d+)\}/g;

const fileOf = (service: ServiceName) => new URL(`exchanges/${service}.jsonl`, import.meta.url);

export function readExchanges(service: ServiceName): readonly Exchange[] {
  return readFileSync(fileOf(service), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exchange);
}

/** The route without its query, ids and names: what differences are told by. */
export function routeOf({ method, url }: Exchange): string {
  const path = (url.split('?')[0] ?? '').replaceAll(PLACEHOLDER, (_, kind: string) =>
    kind === 'name' ? '{name}' : '{id}',
  );
  return `${method} ${path}`;
}
