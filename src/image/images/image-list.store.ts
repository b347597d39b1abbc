/** Lists of images in SQL: whose, which, in which order. */
import { sql, type ExpressionBuilder, type SqlBool } from 'kysely';
import { applyPage } from '#platform/db/page.ts';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { Page } from '#platform/http/list-query.ts';
import type { Image, ImageRow } from './image-model.ts';
import type { ImageFilter, Viewer } from './image-filter.ts';
import { withParts } from './image.store.ts';

type Where = ExpressionBuilder<Tables, 'images'>;

const COLUMNS = {
  id: 'images.id',
  name: 'images.name',
  status: 'images.status',
  container_format: 'images.container_format',
  disk_format: 'images.disk_format',
  size: 'images.size',
  created_at: 'images.created_at',
  updated_at: 'images.updated_at',
} as const;

const OPERATORS = { eq: '=', neq: '!=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

export async function listImages(
  db: Db,
  viewer: Viewer,
  filters: readonly ImageFilter[],
  page: Page,
  marker?: ImageRow,
): Promise<Image[]> {
  const query = db
    .selectFrom('images')
    .selectAll('images')
    .where((eb) =>
      eb.and([seenBy(eb, viewer), listed(eb, viewer, filters), ...filters.map(conditionOf(eb))]),
    );
  return await withParts(db, await applyPage(query, page, COLUMNS, marker).execute());
}

function seenBy(eb: Where, { admin, projectId, memberStatus }: Viewer) {
  if (admin) return sql<SqlBool>`1 = 1`;
  const open = eb('images.visibility', 'in', ['public', 'community']);
  if (projectId === '') return open;
  let memberships = eb
    .selectFrom('image_members')
    .select('image_id')
    .where('member_id', '=', projectId);
  if (memberStatus !== 'all') memberships = memberships.where('status', '=', memberStatus);
  return eb.or([
    open,
    eb('images.owner', '=', projectId),
    eb.and([eb('images.visibility', '=', 'shared'), eb('images.id', 'in', memberships)]),
  ]);
}

/** Community images of others can be used by who knows of them; they are listed when they are asked for. */
function listed(eb: Where, { projectId }: Viewer, filters: readonly ImageFilter[]) {
  if (filters.some(({ kind }) => kind === 'visibility')) return sql<SqlBool>`1 = 1`;
  const notCommunity = eb('images.visibility', '!=', 'community');
  return projectId === ''
    ? notCommunity
    : eb.or([notCommunity, eb('images.owner', '=', projectId)]);
}

function conditionOf(eb: Where) {
  return (filter: ImageFilter) => {
    switch (filter.kind) {
      case 'one-of':
        return eb(sql.ref<string>(`images.${filter.column}`), 'in', filter.values);
      case 'exact':
        // Compared as text, since that is what the query string holds.
        return sql<SqlBool>`cast(${sql.ref(`images.${filter.column}`)} as text) = ${filter.value}`;
      case 'flag':
        return eb(`images.${filter.column}`, '=', filter.value);
      case 'size':
        return eb(`images.${filter.column}`, filter.bound === 'least' ? '>=' : '<=', filter.value);
      case 'time': {
        const seconds = sql<string>`substr(${sql.ref(`images.${filter.column}`)}, 1, 19)`;
        return eb(seconds, OPERATORS[filter.comparison], filter.value);
      }
      case 'tag':
        return eb(
          'images.id',
          'in',
          eb.selectFrom('image_tags').select('image_id').where('tag', '=', filter.tag),
        );
      case 'property':
        return eb(
          'images.id',
          'in',
          eb
            .selectFrom('image_properties')
            .select('image_id')
            .where('name', '=', filter.name)
            .where('value', '=', filter.value),
        );
      case 'visibility':
        return filter.visibility === 'all'
          ? sql<SqlBool>`1 = 1`
          : sql<SqlBool>`images.visibility = ${filter.visibility}`;
    }
  };
}
