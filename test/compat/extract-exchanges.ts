/** Makes the files in `exchanges/` from recordings of a real OpenStack: `node test/compat/extract-exchanges.ts DIRECTORY`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '#base/json.ts';
import { SERVICES, type Exchange, type ServiceName } from './exchange.ts';
import { kindOfMember, kindOfSegment } from './kinds.ts';
import { readError } from './refusal.ts';
import { shapeOf } from './shape.ts';

/** One line of a recording. */
type Recorded = {
  readonly method: string;
  readonly route: string;
  readonly uri: string;
  readonly request_headers: Readonly<Record<string, string>>;
  readonly request: Json;
  readonly status: number;
  readonly response_headers: Readonly<Record<string, string>>;
  readonly response: unknown;
};

const ID =
  /(?<![0-9A-Za-z])[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}(?![0-9A-Za-z])/g;
/** Names that the recorded tests made up. */
const NAME = /\btempest[-_][A-Za-z0-9_.:-]*\d{4,}(?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?/g;
/** What stands where a recorded list or text was cut. */
const CUT = /"?\.\.\. \d+ more|\.\.\."/;
/** The one host of the recorded cloud. */
const HOST = 'vm';
const SECRETS = new Set(['password', 'original_password', 'adminPass', 'secret']);
const whole = (pattern: RegExp) => new RegExp(`^${pattern.source}$`);

/** Gives each id and name of a recording its placeholder, the same wherever it stands. */
class Placeholders {
  readonly #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  of(value: string, kind: string): string {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const made = `{${kind}#${count}}`;
    this.#known.set(value, made);
    return made;
  }

  /** A text with every id and name replaced. */
  inText(text: string): string {
    return text
      .replaceAll(ID, (id) => this.of(id, 'id'))
      .replaceAll(NAME, (name) => this.of(name, 'name'));
  }

  /** A value as it stands under a member's name. */
  inBody(value: Json | undefined, member: string, parent: string): Json {
    if (typeof value === 'string') {
      if (SECRETS.has(member)) return 'secret';
      if (value === HOST && member === 'host') return this.of(value, 'hosts');
      if (whole(ID).test(value)) return this.of(value, kindOfMember(member, parent));
      return this.inText(value);
    }
    if (Array.isArray(value)) return value.map((item: Json) => this.inBody(item, member, parent));
    if (typeof value !== 'object' || value === null) return value ?? null;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        this.inText(name),
        this.inBody(inner as Json, name, member),
      ]),
    );
  }
}

function extract(service: ServiceName, one: Recorded, placeholders: Placeholders): Exchange {
  const { request_headers: headers, status } = one;
  const type = headers['content-type'] ?? 'application/json';
  const version = headers['x-openstack-nova-api-version'];
  const body = placeholders.inBody(one.request, '', '');
  return {
    method: one.method,
    url: urlOf(service, one, placeholders),
    ...(version !== undefined && { version }),
    ...(type !== 'application/json' && { contentType: type }),
    ...(headers['accept'] !== undefined &&
      headers['accept'] !== 'application/json' && { accept: headers['accept'] }),
    ...(body !== null && { body }),
    status,
    ...(status >= 400
      ? { error: errorOf(one, placeholders) }
      : one.response !== null && {
          shape: shapeOf(service === 'image' ? plainImages(one.response) : one.response),
        }),
  };
}

function urlOf(service: ServiceName, one: Recorded, placeholders: Placeholders): string {
  const [path = '', query] = one.uri.split('?');
  const templates = one.route.split('/');
  const segments = path.split('/').map((segment, index, all) => {
    if (segment === HOST) return placeholders.of(HOST, 'hosts');
    if (!/^\{(id|n|name)\}$/.test(templates[index] ?? '')) return placeholders.inText(segment);
    const kind = kindOfSegment(all[index - 1] ?? '');
    const name = decodeURIComponent(segment);
    return kind === null ? placeholders.inText(name) : placeholders.of(name, kind);
  });
  const params = (query ?? '').split('&').map((param) => {
    const [name = '', ...rest] = param.split('=');
    const value = rest.join('=');
    const replaced = whole(ID).test(value)
      ? placeholders.of(value, kindOfMember(name === 'marker' ? 'id' : name, segments.at(-1) ?? ''))
      : placeholders.inText(value);
    return rest.length === 0 ? name : `${name}=${replaced}`;
  });
  const base = `/${service}${segments.join('/')}`;
  return query === undefined ? base : `${base}?${params.join('&')}`;
}

/** Each service words its refusals in its own form. */
function errorOf(one: Recorded, placeholders: Placeholders): { type?: string; text: string } {
  const { type, text } = readError(one.response);
  // Small numbers are ids only where the address says so.
  const number = /\/(\d+)(?:\/|$)/.exec(one.uri)?.[1];
  const plain =
    number === undefined
      ? text
      : text.replaceAll(new RegExp(`\\b${number}\\b`, 'g'), (id) => placeholders.of(id, 'id'));
  return { ...(type !== undefined && { type }), text: placeholders.inText(plain) };
}

/** Images without the properties that the recorded tests gave them. */
function plainImages(response: unknown): unknown {
  if (Array.isArray(response)) return response.map(plainImages);
  if (typeof response !== 'object' || response === null) return response;
  const isImage = 'disk_format' in response && 'visibility' in response;
  return Object.fromEntries(
    Object.entries(response)
      .filter(([name]) => !isImage || IMAGE_MEMBERS.has(name))
      .map(([name, value]) => [name, name === 'images' ? plainImages(value) : value]),
  );
}

const IMAGE_MEMBERS = new Set(
  (
    'id name status visibility owner size virtual_size checksum os_hash_algo os_hash_value os_hidden protected ' +
    'min_disk min_ram disk_format container_format tags created_at updated_at self file schema stores'
  ).split(' '),
);

for (const service of SERVICES) {
  const [directory = ''] = process.argv.slice(2);
  const lines = readFileSync(join(directory, `${service}.jsonl`), 'utf8').split('\n');
  const placeholders = new Placeholders();
  const recorded = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded);
  // Addresses tell best what an id is of, so they go first.
  for (const one of recorded) urlOf(service, one, placeholders);
  // A request of which a part is missing cannot be sent again.
  const kept = recorded
    .filter(({ request }) => !CUT.test(JSON.stringify(request)))
    .map((one) => JSON.stringify(extract(service, one, placeholders)));
  const file = new URL(`exchanges/${service}.jsonl`, import.meta.url);
  writeFileSync(file, `${[...new Set(kept)].join('\n')}\n`);
  process.stdout.write(`${service}: ${new Set(kept).size} of ${recorded.length}\n`);
}
