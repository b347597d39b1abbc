/** The services that this program itself serves, and where clients look for each. */
import { PUBLIC_URL } from './catalog.rules.ts';

export type CloudService = {
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly url: string;
};

export const CLOUD_SERVICES: readonly CloudService[] = [
  {
    type: 'identity',
    name: 'keystone',
    description: 'OpenStack Identity',
    url: `${PUBLIC_URL}/identity/v3`,
  },
  {
    type: 'compute',
    name: 'nova',
    description: 'OpenStack Compute',
    url: `${PUBLIC_URL}/compute/v2.1`,
  },
  {
    type: 'network',
    name: 'neutron',
    description: 'OpenStack Networking',
    url: `${PUBLIC_URL}/networking`,
  },
  { type: 'image', name: 'glance', description: 'OpenStack Image', url: `${PUBLIC_URL}/image` },
];
