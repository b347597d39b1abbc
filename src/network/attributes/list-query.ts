/** List requests, read by an attribute table: filters, tags, `fields`, paging; and the links to the pages around. */
import { pythonRepr } from '#base/text/python.ts';
import { listOf, parsePage, type Page, type Query } from '#platform/http/list-query.ts';
import { badListRequest, badRequest, invalidInput } from '../network.faults.ts';
import type { FilterKind, Resource } from './attribute.ts';
import { flag, integer } from './readers.ts';

/** Rows whose attribute has one of the values. */
export type Filter = {
  readonly name: string;
  readonly kind: FilterKind;
  readonly values: readonly (string | number | boolean)[];
};

/** Rows by their tags; null where nothing was asked. */
export type TagFilters = {
  readonly all: readonly string[] | null;
  readonly any: readonly string[] | null;
  readonly notAll: readonly string[] | null;
  readonly notAny: readonly string[] | null;
};

export type ListQuery = {
  readonly filters: readonly Filter[];
  readonly tags: TagFilters;
  /** Only what was changed at this time or later. */
  readonly changedSince: string | null;
  readonly fields: readonly string[];
  readonly page: Page;
};

const PAGING = new Set(['fields', 'limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir']);
const TAGS = new Set(['tags', 'tags-any', 'not-tags', 'not-tags-any']);

export function readListQuery(resource: Resource, query: Query): ListQuery {
  const names = Object.keys(query).filter((name) => !PAGING.has(name) && !TAGS.has(name));
  const unknown = names.filter(
    (name) =>
      !resource.attributes[name === 'changed_since' ? 'updated_at' : attributeName(name)]?.filter,
  );
  if (unknown.length > 0) {
    throw badRequest(`${pythonRepr(unknown)} is invalid attribute for filtering`);
  }
  const page = readPage(resource, query);
  return {
    filters: names
      .filter((name) => name !== 'changed_since')
      .map((name) => readFilter(resource, attributeName(name), listOf(query[name]))),
    tags: {
      all: tagList(query['tags']),
      any: tagList(query['tags-any']),
      notAll: tagList(query['not-tags']),
      notAny: tagList(query['not-tags-any']),
    },
    changedSince: readChangedSince(query['changed_since']),
    fields: listOf(query['fields']),
    page,
  };
}

/** The members to show of one resource. */
export function readFields(query: unknown): readonly string[] {
  return listOf((query as Query)['fields']);
}

/** A row is found by its old name too. */
function attributeName(name: string): string {
  return name === 'tenant_id' ? 'project_id' : name;
}

function readFilter(resource: Resource, name: string, sent: readonly string[]): Filter {
  const kind = resource.attributes[name]?.filter ?? 'text';
  switch (kind) {
    case 'flag':
      return { name, kind, values: sent.map((value) => flag(value, name)) };
    case 'number':
      return { name, kind, values: sent.map((value) => integer(value, name)) };
    case 'text':
    case 'own':
      return { name, kind, values: sent };
  }
}

function readChangedSince(sent: Query[string]): string | null {
  const text = listOf(sent)[0];
  if (text === undefined) return null;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$/.test(text)) {
    throw invalidInput(
      'The input changed_since must be in the following format: YYYY-MM-DDTHH:MM:SS[Z]',
    );
  }
  return text.slice(0, 19);
}

function tagList(value: Query[string]): readonly string[] | null {
  const tags = listOf(value).flatMap((text) => text.split(','));
  return tags.length > 0 ? [...new Set(tags)] : null;
}

function readPage(resource: Resource, query: Query): Page {
  const sortKeys = Object.entries(resource.attributes)
    .filter(([, { sort }]) => sort)
    .map(([name]) => name);
  const keys = listOf(query['sort_key']).map(attributeName);
  const dirs = listOf(query['sort_dir']);
  if (keys.length !== dirs.length && dirs.length > 0) {
    throw badRequest('The number of sort_keys and sort_dirs must be same');
  }
  const page = parsePage(
    { ...query, sort_key: keys },
    {
      sortKeys: new Set(sortKeys),
      defaultSort: [],
      maxLimit: null,
      refuse: (what, value) => {
        switch (what) {
          case 'limit':
            return badListRequest(
              'limit',
              `Limit must be an integer 0 or greater and not '${value}'`,
            );
          case 'sort_key':
            return badRequest(`${pythonRepr([value])} is invalid attribute for sort_keys`);
          case 'sort_dir':
            return badRequest(
              `${pythonRepr(dirs)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'`,
            );
        }
      },
    },
  );
  // compat: no limit, or a limit of 0, is a list without pages, and a marker means nothing to it.
  return page.limit === null || page.limit === 0
    ? { ...page, limit: null, marker: null, reverse: false }
    : page;
}

/**
 * The links beside one page (`ports_links`); undefined for a list without pages. `base` is the list's own
 * address without its query.
 */
export function pageLinks(
  base: string,
  query: Query,
  page: Page,
  ids: readonly string[],
): readonly { rel: 'next' | 'previous'; href: string }[] | undefined {
  if (page.limit === null) return undefined;
  const full = ids.length >= page.limit;
  const links: { rel: 'next' | 'previous'; href: string }[] = [];
  if (full || page.reverse) {
    links.push({ rel: 'next', href: link(base, query, ids.at(-1), false) });
  }
  if (full || !page.reverse) {
    links.push({ rel: 'previous', href: link(base, query, ids[0], true) });
  }
  return links;
}

function link(base: string, query: Query, marker: string | undefined, reverse: boolean): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (name === 'marker' || name === 'page_reverse') continue;
    for (const item of listOf(value)) params.append(name, item);
  }
  if (marker !== undefined) params.set('marker', marker);
  if (reverse) params.set('page_reverse', 'True');
  return `${base}?${params.toString()}`;
}
