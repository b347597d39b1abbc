/** Which ports somebody sees, and which of them a list asks for, in SQL. */
import { sql, type ExpressionBuilder, type SqlBool } from 'kysely';
import type { Context } from '#platform/context.ts';
import type { Db, Tables } from '#platform/db/tables.ts';
import type { ListQuery } from '../attributes/list-query.ts';
import { listPage, oneOf, type OwnFilters } from '../attributes/list.store.ts';
import { isPrivileged } from '../attributes/privilege.ts';
import { portModeOf } from './port-modes.ts';
import type { PortRow } from './port.store.ts';

/** A project sees its own ports, and those on its networks. */
function visibility(eb: ExpressionBuilder<Tables, 'ports'>, ctx: Context) {
  if (isPrivileged(ctx)) return eb.and([]);
  return eb.or([
    eb('ports.project_id', '=', ctx.projectId),
    eb(
      'ports.network_id',
      'in',
      eb.selectFrom('networks').select('networks.id').where('project_id', '=', ctx.projectId),
    ),
  ]);
}

export async function findVisiblePort(
  db: Db,
  ctx: Context,
  id: string,
): Promise<PortRow | undefined> {
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('ports.id', '=', id)
    .where((eb) => visibility(eb, ctx))
    .executeTakeFirst();
}

/** The ports of devices, in the order in which they were made. */
export async function findPortsOfDevices(
  db: Db,
  ctx: Context,
  deviceIds: readonly string[],
): Promise<readonly PortRow[]> {
  if (deviceIds.length === 0) return [];
  return await db
    .selectFrom('ports')
    .selectAll()
    .where('device_id', 'in', deviceIds)
    .where((eb) => visibility(eb, ctx))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The ids of one page of the ports that the caller may see. `marker` is the row that the page comes after. */
export async function listPortIds(
  db: Db,
  ctx: Context,
  query: ListQuery,
  marker: PortRow | undefined,
): Promise<readonly string[]> {
  const visible = db
    .selectFrom('ports')
    .select('ports.id')
    .where((eb) => visibility(eb, ctx));
  const rows = await listPage(visible, {
    table: 'ports',
    query,
    marker: marker && { ...marker, port_mode: portModeOf(marker) },
    own: OWN_FILTERS,
    sortedBy: { port_mode: PORT_MODE },
  });
  return rows.map((row) => row.id);
}

/** As `portModeOf` says. */
const PORT_MODE = sql<string>`case
  when ports.port_mode is not null then ports.port_mode
  when ports.ip_allocation = 'none' then 'l2'
  else 'strict' end`;

const OWN_FILTERS: OwnFilters<'ports'> = {
  mac_address: (eb, values) =>
    oneOf(
      eb,
      'ports.mac_address',
      values.map((mac) => String(mac).toLowerCase()),
    ),
  port_mode: (eb, values) => eb(PORT_MODE, 'in', values.map(String)),
  'binding:host_id': (eb, values) =>
    eb(
      'ports.id',
      'in',
      eb
        .selectFrom('port_bindings')
        .select('port_id')
        .where('host', 'in', values.map(String))
        .where('status', '=', 'ACTIVE'),
    ),
  security_groups: (eb, values) =>
    eb(
      'ports.id',
      'in',
      eb
        .selectFrom('port_security_groups')
        .select('port_id')
        .where('security_group_id', 'in', values.map(String)),
    ),
  fixed_ips: (eb, values) => addressFilter(eb, values.map(String)),
};

/** `subnet_id=...`, `ip_address=...`, `ip_address_substr=...`: one of each kind that is given must fit. */
function addressFilter(eb: ExpressionBuilder<Tables, 'ports'>, values: readonly string[]) {
  const given = (kind: string) =>
    values
      .filter((value) => value.startsWith(`${kind}=`))
      .map((value) => value.slice(kind.length + 1));
  const withAddress = () => eb.selectFrom('fixed_ips').select('port_id');
  const subnets = given('subnet_id');
  const addresses = given('ip_address');
  const parts = given('ip_address_substr');
  return eb.and([
    ...(subnets.length > 0
      ? [eb('ports.id', 'in', withAddress().where('subnet_id', 'in', subnets))]
      : []),
    ...(addresses.length > 0
      ? [eb('ports.id', 'in', withAddress().where('ip_address', 'in', addresses))]
      : []),
    ...(parts.length > 0
      ? [
          eb(
            'ports.id',
            'in',
            withAddress().where((inner) =>
              inner.or(
                parts.map(
                  (part) =>
                    sql<SqlBool>`ip_address like ${`%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`} escape '\\'`,
                ),
              ),
            ),
          ),
        ]
      : []),
  ]);
}
