/** How many addresses networks have and how many are taken, as it travels. */
import { defineResource } from '../attributes/attribute.ts';

export const NETWORK_IP_AVAILABILITY = defineResource(
  'network_ip_availability',
  'network_ip_availabilities',
  {
    network_id: { filter: 'own', sort: true },
    network_name: { filter: 'own' },
    project_id: { filter: 'text' },
    tenant_id: {},
    subnet_ip_availability: {},
    used_ips: {},
    total_ips: {},
    /** Of the subnets that are looked at. */
    ip_version: { filter: 'number', hidden: true },
  },
);
