/** /v2.0/address-groups: HTTP in, HTTP out, no decisions. */
import type { ServiceApp } from '#platform/http/http-app.ts';
import { resourceRoutes } from '../attributes/resource.routes.ts';
import { viewTime } from '../attributes/standard.ts';
import { readAddresses } from './address-group.rules.ts';
import { ADDRESS_GROUP } from './address-group.schema.ts';
import {
  AddressGroupService,
  type AddressGroup,
  type AddressGroupDeps,
} from './address-group.service.ts';

type ById = { Params: { id: string } };

export function addressGroupRoutes(app: ServiceApp, deps: AddressGroupDeps): void {
  const groups = new AddressGroupService(deps);
  resourceRoutes(app, {
    resource: ADDRESS_GROUP,
    service: groups,
    policy: deps.policy,
    view: viewAddressGroup,
    target: ({ group, shared }) => ({ project_id: group.project_id, shared }),
  });

  app.put<ById>(
    '/v2.0/address-groups/:id/add_addresses',
    { config: { policy: 'add_addresses' } },
    async ({ ctx, params: { id }, body }) => ({
      address_group: viewAddressGroup(await groups.addAddresses(ctx, id, readAddresses(body))),
    }),
  );

  app.put<ById>(
    '/v2.0/address-groups/:id/remove_addresses',
    { config: { policy: 'remove_addresses' } },
    async ({ ctx, params: { id }, body }) => ({
      address_group: viewAddressGroup(await groups.removeAddresses(ctx, id, readAddresses(body))),
    }),
  );
}

function viewAddressGroup({ group, addresses, shared }: AddressGroup) {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    project_id: group.project_id,
    tenant_id: group.project_id,
    addresses,
    shared,
    revision_number: group.revision_number,
    created_at: viewTime(group.created_at),
    updated_at: viewTime(group.updated_at),
  };
}
