/** /v2.0/network-ip-availabilities: HTTP in, HTTP out. */
import type { Context } from '#platform/context.ts';
import type { Db } from '#platform/db/tables.ts';
import type { ServiceApp } from '#platform/http/http-app.ts';
import type { Query } from '#platform/http/list-query.ts';
import type { Policy, PolicyRule } from '#platform/policy/policy.ts';
import type { ViewOf } from '../attributes/attribute.ts';
import { pageLinks, readFields, readListQuery, type ListQuery } from '../attributes/list-query.ts';
import { addressOf } from '../attributes/resource.routes.ts';
import { Viewer } from '../attributes/view.ts';
import { networkNotFound, resourceNotFound } from '../network.faults.ts';
import { findVisibleNetwork, type NetworkRow } from '../networks/network.store.ts';
import { subnetsOfNetworks, type SubnetRow } from '../subnets/subnet.store.ts';
import { totalAddresses } from './network-ip-availability.rules.ts';
import { NETWORK_IP_AVAILABILITY } from './network-ip-availability.schema.ts';
import { listAvailableOn, takenOn } from './network-ip-availability.store.ts';

export const IP_AVAILABILITY_POLICIES: readonly PolicyRule[] = [
  {
    name: 'get_network_ip_availability',
    check: '(rule:admin_only) or (rule:service_api)',
  },
];

const PATH = '/v2.0/network-ip-availabilities';
const GUARD = { config: { policy: 'get_network_ip_availability' } };

export function networkIpAvailabilityRoutes(
  app: ServiceApp,
  { db, policy }: { readonly db: Db; readonly policy: Policy },
): void {
  app.get(PATH, GUARD, async (request) => {
    const { ctx } = request;
    const query = request.query as Query;
    const wanted = readListQuery(NETWORK_IP_AVAILABILITY, query);
    const viewer = new Viewer(policy, ctx, NETWORK_IP_AVAILABILITY, wanted.fields);
    const after = await markerOf(db, ctx, wanted);
    const networks = await listAvailableOn(db, ctx, wanted, after);
    const shown = (await availability(db, networks, versionsOf(wanted)))
      .filter(({ project_id }) => viewer.sees({ project_id }))
      .map((one) => viewer.show(one, { project_id: one.project_id }));
    const ids = networks.map((network) => network.id);
    const links = pageLinks(addressOf(request), query, wanted.page, ids);
    return {
      network_ip_availabilities: shown,
      ...(links && { network_ip_availabilities_links: links }),
    };
  });

  app.get<{ Params: { id: string } }>(`${PATH}/:id`, GUARD, async (request) => {
    const { ctx, params } = request;
    const network = await findVisibleNetwork(db, ctx, params.id);
    if (!network) throw networkNotFound(params.id);
    const viewer = new Viewer(policy, ctx, NETWORK_IP_AVAILABILITY, readFields(request.query));
    const target = { project_id: network.project_id };
    if (!viewer.sees(target)) throw resourceNotFound();
    const [one] = await availability(db, [network], undefined);
    return { network_ip_availability: one && viewer.show(one, target) };
  });
}

async function markerOf(
  db: Db,
  ctx: Context,
  { page: { marker } }: ListQuery,
): Promise<NetworkRow | undefined> {
  if (marker === null) return undefined;
  const network = await findVisibleNetwork(db, ctx, marker);
  if (!network) throw networkNotFound(marker);
  return network;
}

/** The IP versions that a list is about; undefined for both. */
function versionsOf({ filters }: ListQuery): readonly unknown[] | undefined {
  return filters.find(({ name }) => name === 'ip_version')?.values;
}

async function availability(
  db: Db,
  networks: readonly NetworkRow[],
  versions: readonly unknown[] | undefined,
) {
  const ids = networks.map((network) => network.id);
  const subnets = await subnetsOfNetworks(db, ids);
  const counted = (id: string) =>
    (subnets.get(id) ?? []).filter(({ ip_version }) => versions?.includes(ip_version) ?? true);
  const taken = await takenOn(
    db,
    ids.flatMap((id) => counted(id).map((subnet) => subnet.id)),
  );
  return networks.map((network) => view(network, counted(network.id), taken));
}

function view(
  network: NetworkRow,
  subnets: readonly SubnetRow[],
  taken: ReadonlyMap<string, number>,
) {
  const used = (subnet: SubnetRow) => taken.get(subnet.id) ?? 0;
  return {
    network_id: network.id,
    network_name: network.name,
    project_id: network.project_id,
    tenant_id: network.project_id,
    subnet_ip_availability: subnets.map((subnet) => ({
      subnet_id: subnet.id,
      subnet_name: subnet.name,
      ip_version: subnet.ip_version,
      cidr: subnet.cidr,
      used_ips: used(subnet),
      total_ips: wholeNumber(totalAddresses(subnet)),
    })),
    used_ips: subnets.reduce((sum, subnet) => sum + used(subnet), 0),
    total_ips: wholeNumber(subnets.reduce((sum, subnet) => sum + totalAddresses(subnet), 0n)),
  } satisfies ViewOf<typeof NETWORK_IP_AVAILABILITY>;
}

/** As JSON writes it, digit by digit: an IPv6 subnet has more addresses than a double can count. */
function wholeNumber(value: bigint): unknown {
  return RAW.rawJSON(value.toString());
}

/** What TypeScript's library does not know of yet. */
const RAW = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown };
