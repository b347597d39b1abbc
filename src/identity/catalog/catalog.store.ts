/** Everything of the catalog that is enabled, in SQL. */
import type { Db } from '#platform/db/tables.ts';
import type { CatalogParts } from './catalog.rules.ts';

export async function listCatalogParts(db: Db): Promise<CatalogParts> {
  const services = await db
    .selectFrom('catalog_services')
    .select(['id', 'type', 'name'])
    .where('enabled', '=', 1)
    .orderBy('id')
    .execute();
  const endpoints = await db
    .selectFrom('catalog_endpoints')
    .select(['id', 'service_id as serviceId', 'interface', 'region_id as regionId', 'url'])
    .where('enabled', '=', 1)
    .orderBy('id')
    .execute();
  return { services, endpoints };
}
