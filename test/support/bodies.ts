/** A valid body for every route that takes one, so that a refusal is not the body's fault. */
import type { Things } from './things.ts';

type Body = (things: Things) => unknown;

const name = 'renamed';
const tagged = { tags: ['red', 'blue'] };
const rule = { direction: 'egress', protocol: 'udp', port_range_min: 1, port_range_max: 2 };

const IDENTITY: Readonly<Record<string, Body>> = {
  'POST /auth/tokens': () => ({
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: 'demo', domain: { id: 'default' }, password: 'wrong' } },
      },
    },
  }),
  'POST /domains': () => ({ domain: { name: 'd' } }),
  'PATCH /domains/:id': () => ({ domain: { name } }),
  'POST /projects': () => ({ project: { name: 'p' } }),
  'PATCH /projects/:id': () => ({ project: { name } }),
  'PUT /projects/:id/tags': () => tagged,
  'POST /users': () => ({ user: { name: 'u', password: 'secret' } }),
  'PATCH /users/:id': () => ({ user: { name } }),
  'POST /users/:id/password': () => ({ user: { original_password: 'wrong', password: 'new' } }),
  'POST /groups': () => ({ group: { name: 'g' } }),
  'PATCH /groups/:id': () => ({ group: { name } }),
  'POST /roles': () => ({ role: { name: 'r' } }),
  'PATCH /roles/:id': () => ({ role: { name } }),
  'POST /regions': () => ({ region: { id: 'r' } }),
  'PUT /regions/:id': () => ({ region: { description: 'put' } }),
  'PATCH /regions/:id': () => ({ region: { description: 'patched' } }),
  'POST /services': () => ({ service: { name: 's', type: 's' } }),
  'PATCH /services/:id': () => ({ service: { name } }),
  'POST /endpoints': async (things) => ({
    endpoint: {
      service_id: await things.of('identity', 'services'),
      interface: 'admin',
      url: 'http://cloud.test/x',
    },
  }),
  'PATCH /endpoints/:id': () => ({ endpoint: { url: 'http://cloud.test/y' } }),
};

const IMAGE: Readonly<Record<string, Body>> = {
  'POST /images': () => ({ name: 'i', disk_format: 'raw', container_format: 'bare' }),
  'PATCH /images/:id': () => [{ op: 'replace', path: '/name', value: name }],
  'PUT /images/:id/file': () => Buffer.alloc(16),
  'PUT /images/:id/stage': () => Buffer.alloc(16),
  'POST /images/:id/import': () => ({ method: { name: 'glance-direct' } }),
  'POST /images/:id/members': async (things) => ({
    member: await things.make('identity', 'projects'),
  }),
  'PUT /images/:id/members/:member': () => ({ status: 'accepted' }),
  'POST /images/:id/actions/deactivate': () => undefined,
  'POST /images/:id/actions/reactivate': () => undefined,
};

const NETWORKING: Readonly<Record<string, Body>> = {
  'POST /networks': () => ({ network: { name: 'n' } }),
  'PUT /networks/:id': () => ({ network: { name } }),
  'POST /subnets': async (things) => ({
    subnet: {
      network_id: await things.of('networking', 'networks'),
      ip_version: 4,
      cidr: '10.99.0.0/24',
    },
  }),
  'PUT /subnets/:id': () => ({ subnet: { name } }),
  'POST /ports': async (things) => ({
    port: { network_id: await things.of('networking', 'networks') },
  }),
  'PUT /ports/:id': () => ({ port: { name } }),
  'POST /routers': () => ({ router: { name: 'r' } }),
  'PUT /routers/:id': () => ({ router: { name } }),
  'PUT /routers/:id/add_router_interface': async (things) => ({
    subnet_id: await things.freeSubnet(),
  }),
  'PUT /routers/:id/remove_router_interface': async (things) => ({
    subnet_id: await things.routedSubnet(),
  }),
  'PUT /routers/:id/add_extraroutes': () => ({ router: { routes: [] } }),
  'PUT /routers/:id/remove_extraroutes': () => ({ router: { routes: [] } }),
  'POST /floatingips': async (things) => ({
    floatingip: { floating_network_id: await things.externalNetwork() },
  }),
  'PUT /floatingips/:id': () => ({ floatingip: { description: name } }),
  'POST /floatingips/:id/port_forwardings': async (things) => ({
    port_forwarding: await things.forwarding(),
  }),
  'PUT /floatingips/:id/port_forwardings/:forwardingId': () => ({
    port_forwarding: { description: name },
  }),
  'POST /ports/:id/bindings': () => ({ binding: { host: 'node-2' } }),
  'PUT /ports/:id/bindings/:host': () => ({ binding: { profile: {} } }),
  'PUT /ports/:id/bindings/:host/activate': () => undefined,
  'POST /security-groups': () => ({ security_group: { name: 'g' } }),
  'PUT /security-groups/:id': () => ({ security_group: { name } }),
  'POST /security-group-rules': async (things) => ({
    security_group_rule: {
      ...rule,
      security_group_id: await things.of('networking', 'security-groups'),
    },
  }),
  'PUT /security-group-rules/:id': () => ({ security_group_rule: { description: name } }),
  'POST /default-security-group-rules': () => ({ default_security_group_rule: rule }),
  'PUT /default-security-group-rules/:id': () => ({
    default_security_group_rule: { description: name },
  }),
  'POST /address-groups': () => ({ address_group: { name: 'a' } }),
  'PUT /address-groups/:id': () => ({ address_group: { name } }),
  'PUT /address-groups/:id/add_addresses': () => ({ addresses: ['10.0.0.1/32'] }),
  'PUT /address-groups/:id/remove_addresses': () => ({ addresses: ['10.0.0.1/32'] }),
  'PUT /quotas/:id': () => ({ quota: { network: 5 } }),
  'POST /rbac-policies': async (things) => ({
    rbac_policy: {
      object_type: 'network',
      object_id: await things.of('networking', 'networks'),
      action: 'access_as_shared',
      target_tenant: await things.make('identity', 'projects'),
    },
  }),
  'PUT /rbac-policies/:id': async (things) => ({
    rbac_policy: { target_tenant: await things.make('identity', 'projects') },
  }),
  'POST /agents': () => ({ agent: {} }),
  'PUT /agents/:id': () => ({ agent: { description: name } }),
};
const TAGGED = ['networks', 'subnets', 'ports', 'security-groups', 'routers', 'floatingips'];
const NETWORKING_TAGS: Readonly<Record<string, Body>> = Object.fromEntries(
  TAGGED.flatMap((kind): [string, Body][] => [
    [`POST /${kind}/:id/tags`, () => tagged],
    [`PUT /${kind}/:id/tags`, () => tagged],
  ]),
);

const COMPUTE: Readonly<Record<string, Body>> = {
  'POST /flavors': () => ({ flavor: { name: 'f', ram: 64, vcpus: 1, disk: 0 } }),
  'PUT /flavors/:id': () => ({ flavor: { description: name } }),
  'POST /flavors/:id/action': async (things) => ({
    addTenantAccess: { tenant: await things.of('identity', 'projects') },
  }),
  'POST /flavors/:id/os-extra_specs': () => ({ extra_specs: { blue: '1' } }),
  'PUT /flavors/:id/os-extra_specs/:key': () => ({ red: '2' }),
  'POST /os-floating-ips': async (things) => ({ pool: await things.externalNetwork() }),
  'POST /os-keypairs': (things) => ({ keypair: { name: things.name('k') } }),
  'POST /os-aggregates': (things) => ({ aggregate: { name: things.name('a') } }),
  'PUT /os-aggregates/:id': (things) => ({ aggregate: { name: things.name(name) } }),
  'POST /os-aggregates/:id/action': () => ({ set_metadata: { metadata: { blue: '1' } } }),
  'PUT /os-quota-sets/:id': () => ({ quota_set: { instances: 11 } }),
  'PUT /os-quota-class-sets/:id': () => ({ quota_class_set: { instances: 11 } }),
  'POST /os-server-groups': () => ({ server_group: { name: 'g', policies: ['affinity'] } }),
  'PUT /os-services/:id': () => ({ host: 'node-1', binary: 'nova-compute' }),
  'POST /os-server-external-events': async (things) => ({
    events: [{ name: 'network-changed', server_uuid: await things.of('compute', 'servers') }],
  }),
  'POST /servers': async (things) => ({
    server: {
      name: 's',
      flavorRef: '42',
      imageRef: '7b1e5a00-0000-4000-8000-0000000000aa',
      networks: [{ uuid: await things.of('networking', 'networks') }],
    },
  }),
  'PUT /servers/:id': () => ({ server: { name } }),
  'POST /servers/:id/action': () => ({ 'os-stop': null }),
  'POST /servers/:id/remote-consoles': () => ({
    remote_console: { protocol: 'vnc', type: 'novnc' },
  }),
  'POST /servers/:id/os-interface': () => ({ interfaceAttachment: {} }),
  'POST /servers/:id/metadata': () => ({ metadata: { blue: '1' } }),
  'PUT /servers/:id/metadata': () => ({ metadata: { blue: '1' } }),
  'PUT /servers/:id/metadata/:key': () => ({ meta: { red: '2' } }),
  'PUT /servers/:id/tags': () => tagged,
};

const BY_PREFIX: Readonly<Record<string, Readonly<Record<string, Body>>>> = {
  '/identity/v3': IDENTITY,
  '/image/v2': IMAGE,
  '/networking/v2.0': { ...NETWORKING, ...NETWORKING_TAGS },
  '/compute/v2.1': COMPUTE,
};

/** Where a body goes without saying that it is JSON. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  'PATCH /image/v2/images/:id': 'application/openstack-images-v2.1-json-patch',
  'PUT /image/v2/images/:id/file': 'application/octet-stream',
  'PUT /image/v2/images/:id/stage': 'application/octet-stream',
};

/** These put something that exists into a set, and take no body. */
const WITHOUT_BODY =
  /^PUT .*\/(tags\/:tag|users\/:user_id|:implied_id|:role_id(\/inherited_to_projects)?)$/;

export type Payload = {
  /** False for a route that this table does not know. */
  readonly known: boolean;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
};

/** What to send to a route. Compute has each route in four places, which take the same. */
export async function payloadFor(things: Things, method: string, url: string): Promise<Payload> {
  const route = url.replace(/^\/compute\/v2(\.1)?(\/:project_id)?/, '/compute/v2.1');
  const type = CONTENT_TYPES[`${method} ${route}`];
  const headers = type === undefined ? {} : { 'content-type': type };
  if (!['POST', 'PUT', 'PATCH'].includes(method)) return { known: true, body: undefined, headers };
  const [, prefix = '', path = ''] = /^(\/[^/]+\/[^/]+)(.*)$/.exec(route) ?? [];
  const make = BY_PREFIX[prefix]?.[`${method} ${path}`];
  const body = await make?.(things);
  const raw = type === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const known = make !== undefined || WITHOUT_BODY.test(`${method} ${path}`);
  return { known, body: raw, headers };
}
