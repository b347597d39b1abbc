/** One resource of every kind, made when it is first asked for: so that any route can be filled with ids that exist. */
import { FLAVOR, IMAGE, type TestCloud } from './start-cloud.ts';

const NETWORKING = '/networking/v2.0';
const IDENTITY = '/identity/v3';
const COMPUTE = '/compute/v2.1';
/** A network that no address names. */
const ROUTED = 'routed networks';
const BYTES = { 'content-type': 'application/octet-stream' };

/** The id of the thing of a kind, made when there is none. Kinds are named as in the URL, with their service. */
export class Things {
  readonly #cloud: TestCloud;
  readonly #made = new Map<string, Promise<string>>();
  #count = 0;

  constructor(cloud: TestCloud) {
    this.#cloud = cloud;
  }

  async of(service: string, kind: string): Promise<string> {
    const key = `${service} ${kind}`;
    let id = this.#made.get(key);
    if (!id) {
      id = this.make(service, kind);
      this.#made.set(key, id);
    }
    return await id;
  }

  /** Forgets a thing that may have been deleted or changed, so that the next is another. */
  forget(service: string, kind: string): void {
    this.#made.delete(`${service} ${kind}`);
  }

  forgetAll(): void {
    this.#made.clear();
  }

  /** Makes a new one. A kind that nobody can make has the id `unknown`. */
  async make(service: string, kind: string): Promise<string> {
    if (kind === ':project_id') return await this.#cloud.projectOf('demo');
    switch (service) {
      case 'networking':
        return await this.#inNetwork(kind);
      case 'identity':
        return await this.#inIdentity(kind);
      case 'image':
        return await this.#inImage(kind);
      case 'compute':
        return await this.#inCompute(kind);
      default:
        return 'unknown';
    }
  }

  /** The external network, with addresses to give. */
  async externalNetwork(): Promise<string> {
    const admin = this.#cloud.as('admin');
    const { body } = await admin.get(`${NETWORKING}/networks?name=public&router:external=true`);
    if (body.networks.length > 0) return body.networks[0].id;
    const { id } = await admin.make(`${NETWORKING}/networks`, {
      network: { name: 'public', 'router:external': true },
    });
    await admin.make(`${NETWORKING}/subnets`, {
      subnet: {
        network_id: id,
        ip_version: 4,
        cidr: '172.24.4.0/24',
        enable_dhcp: false,
        // Recorded requests name others: none of them may be found by chance.
        allocation_pools: [{ start: '172.24.4.50', end: '172.24.4.149' }],
      },
    });
    return id;
  }

  /** Its subnet. */
  async externalSubnet(): Promise<string> {
    const admin = this.#cloud.as('admin');
    const id = await this.externalNetwork();
    return (await admin.get(`${NETWORKING}/networks/${id}`)).body.network.subnets[0];
  }

  /** A subnet that no router is on, on a network of its own; with these addresses when they are named. */
  async freeSubnet(wanted?: string): Promise<string> {
    const network_id = await this.make('networking', 'networks');
    this.#count += 1;
    const cidr = wanted ?? `10.${64 + ((this.#count >> 8) % 32)}.${this.#count % 256}.0/24`;
    const subnet = { network_id, ip_version: cidr.includes(':') ? 6 : 4, cidr };
    return (await this.#cloud.as('demo').make(`${NETWORKING}/subnets`, { subnet })).id;
  }

  /** A port that no device has, on a subnet of its own. */
  async freePort(): Promise<string> {
    const demo = this.#cloud.as('demo');
    const { body } = await demo.get(`${NETWORKING}/subnets/${await this.freeSubnet()}`);
    const { network_id } = body.subnet;
    return (await demo.make(`${NETWORKING}/ports`, { port: { network_id } })).id;
  }

  /** A port of the router. */
  async interfacePort(): Promise<string> {
    const port_id = await this.freePort();
    await this.#interface({ port_id });
    return port_id;
  }

  /** A subnet that the router is on. */
  async routedSubnet(cidr?: string): Promise<string> {
    const subnet_id = await this.freeSubnet(cidr);
    await this.#interface({ subnet_id });
    return subnet_id;
  }

  async #interface(wanted: object): Promise<void> {
    const path = `${NETWORKING}/routers/${await this.of('networking', 'routers')}`;
    await this.#cloud.as('demo').put(`${path}/add_router_interface`, wanted);
  }

  /** A port that a router leads to, with the address when one is named. */
  async reachedPort(ip?: string): Promise<string> {
    const demo = this.#cloud.as('demo');
    // With an address of its own on a network of its own, since it may be wanted several times.
    const network_id = await (ip === undefined
      ? this.of('networking', ROUTED)
      : this.make('networking', ROUTED));
    const port = { network_id, ...(ip !== undefined && { fixed_ips: [{ ip_address: ip }] }) };
    return (await demo.make(`${NETWORKING}/ports`, { port })).id;
  }

  /** What a port forwarding says of a port that a router leads to. */
  async forwarding(): Promise<object> {
    const id = await this.reachedPort();
    const { body } = await this.#cloud.as('demo').get(`${NETWORKING}/ports/${id}`);
    return {
      protocol: 'tcp',
      internal_port_id: id,
      internal_ip_address: body.port.fixed_ips[0].ip_address,
      internal_port: 80,
      external_port: 1000 + (this.#count += 1),
    };
  }

  /** A name that nothing else here has. */
  name(stem: string): string {
    this.#count += 1;
    return `${stem}-${this.#count}`;
  }

  async #inNetwork(kind: string): Promise<string> {
    const demo = this.#cloud.as('demo');
    const make = async (member: string, body: object, who = demo): Promise<string> =>
      (await who.make(`${NETWORKING}/${kind}`, { [member]: body })).id;
    const name = this.name(kind);
    switch (kind) {
      case 'networks':
        return await make('network', { name });
      case 'subnets':
        return await make('subnet', {
          name,
          network_id: await this.of('networking', 'networks'),
          ip_version: 4,
          cidr: `10.${100 + (this.#count % 100)}.${this.#count % 250}.0/24`,
        });
      case 'ports':
        return await make('port', { name, network_id: await this.of('networking', 'networks') });
      case 'routers':
        return await make('router', { name });
      case 'floatingips':
        return await make('floatingip', { floating_network_id: await this.externalNetwork() });
      case 'port_forwardings': {
        const path = `${NETWORKING}/floatingips/${await this.of('networking', 'floatingips')}/${kind}`;
        return (await demo.make(path, { port_forwarding: await this.forwarding() })).id;
      }
      case 'security-groups':
        return await make('security_group', { name });
      case 'security-group-rules':
        return await make('security_group_rule', {
          security_group_id: await this.of('networking', 'security-groups'),
          direction: 'ingress',
          protocol: 'tcp',
          port_range_min: this.#count + 1,
          port_range_max: this.#count + 1,
        });
      case 'default-security-group-rules':
        return await make(
          'default_security_group_rule',
          {
            direction: 'ingress',
            protocol: 'tcp',
            port_range_min: this.#count + 1,
            port_range_max: 60000,
          },
          this.#cloud.as('admin'),
        );
      case ROUTED: {
        const made = await demo.make(`${NETWORKING}/networks`, { network: { name } });
        const subnet = await demo.make(`${NETWORKING}/subnets`, {
          subnet: { network_id: made.id, ip_version: 4, cidr: '10.100.0.0/16' },
        });
        const router = await demo.make(`${NETWORKING}/routers`, {
          router: { external_gateway_info: { network_id: await this.externalNetwork() } },
        });
        await demo.put(`${NETWORKING}/routers/${router.id}/add_router_interface`, {
          subnet_id: subnet.id,
        });
        return made.id;
      }
      case 'address-groups':
        return await make('address_group', { name });
      case 'rbac-policies':
        return await make('rbac_policy', {
          object_type: 'network',
          object_id: await this.make('networking', 'networks'),
          action: 'access_as_shared',
          target_tenant: await this.of('identity', 'projects'),
        });
      case 'agents': {
        const { body } = await this.#cloud.as('admin').get(`${NETWORKING}/agents`);
        return body.agents[0].id;
      }
      case 'network-ip-availabilities':
        return await this.of('networking', 'networks');
      case 'quotas':
        return await this.of('identity', 'projects');
      case 'extensions':
        return 'port-security';
      case 'tags': {
        for (const kept of [
          'networks',
          'subnets',
          'ports',
          'security-groups',
          'routers',
          'floatingips',
        ]) {
          await demo.put(`${NETWORKING}/${kept}/${await this.of('networking', kept)}/tags/red`);
        }
        return 'red';
      }
      default:
        return 'unknown';
    }
  }

  async #inIdentity(kind: string): Promise<string> {
    const admin = this.#cloud.as('admin');
    const name = this.name(kind);
    const make = async (member: string, body: object, collection = kind): Promise<string> =>
      (await admin.make(`${IDENTITY}/${collection}`, { [member]: body })).id;
    switch (kind) {
      case 'domains':
        return await make('domain', { name });
      case 'projects':
        return await make('project', { name });
      case 'users':
        return await make('user', {
          name,
          password: 'secret',
          description: name,
          email: `${name}@cloud.test`,
          default_project_id: await this.of('identity', 'projects'),
        });
      case 'groups':
        return await make('group', { name });
      case 'roles':
      case 'implies':
        return await make('role', { name }, 'roles');
      case 'regions':
        return await make('region', { id: name });
      case 'services':
        return await make('service', { name, type: name, description: name });
      case 'endpoints':
        return await make('endpoint', {
          service_id: await this.of('identity', 'services'),
          interface: 'public',
          url: 'http://cloud.test/',
        });
      case 'tags':
        await admin.put(`${IDENTITY}/projects/${await this.of('identity', 'projects')}/tags/red`);
        return 'red';
      default:
        return 'unknown';
    }
  }

  async #inImage(kind: string): Promise<string> {
    const demo = this.#cloud.as('demo');
    switch (kind) {
      case 'images': {
        const id = await this.make('image', 'queued-images');
        await demo.put(`/image/v2/images/${id}/file`, Buffer.alloc(512), BYTES);
        return id;
      }
      case 'queued-images': {
        const made = await demo.post('/image/v2/images', {
          name: this.name('image'),
          disk_format: 'raw',
          container_format: 'bare',
          visibility: 'shared',
        });
        return made.body.id;
      }
      case 'staged-images': {
        const id = await this.make('image', 'queued-images');
        await demo.put(`/image/v2/images/${id}/stage`, Buffer.alloc(512), BYTES);
        return id;
      }
      case 'members': {
        const member = await this.make('identity', 'projects');
        const image = await this.of('image', 'images');
        await demo.post(`/image/v2/images/${image}/members`, { member });
        return member;
      }
      case 'tags':
        await demo.put(`/image/v2/images/${await this.of('image', 'images')}/tags/red`);
        return 'red';
      default:
        return 'unknown';
    }
  }

  async #inCompute(kind: string): Promise<string> {
    const [admin, demo] = [this.#cloud.as('admin'), this.#cloud.as('demo')];
    switch (kind) {
      case 'flavors': {
        const flavor = { name: this.name('flavor'), ram: 64, vcpus: 1, disk: 0 };
        const { id } = await admin.make(`${COMPUTE}/flavors`, { flavor });
        await admin.post(`${COMPUTE}/flavors/${id}/os-extra_specs`, { extra_specs: { red: '1' } });
        return id;
      }
      case 'private-flavors': {
        const flavor = { name: this.name('flavor'), ram: 64, vcpus: 1, disk: 0 };
        const hidden = { ...flavor, 'os-flavor-access:is_public': false };
        return (await admin.make(`${COMPUTE}/flavors`, { flavor: hidden })).id;
      }
      case 'os-keypairs':
        return (await demo.make(`${COMPUTE}/os-keypairs`, { keypair: { name: this.name('key') } }))
          .name;
      case 'os-aggregates': {
        const aggregate = { name: this.name('aggregate') };
        return String((await admin.make(`${COMPUTE}/os-aggregates`, { aggregate })).id);
      }
      case 'os-floating-ips':
        return await this.of('networking', 'floatingips');
      case 'os-server-groups': {
        const group = { name: this.name('group'), policies: ['affinity'] };
        return (await demo.make(`${COMPUTE}/os-server-groups`, { server_group: group })).id;
      }
      case 'os-quota-sets':
      case 'os-simple-tenant-usage':
        return await this.of('identity', 'projects');
      case 'os-quota-class-sets':
        return 'default';
      case 'extensions':
        return 'os-attach-interfaces';
      case 'servers': {
        const { body } = await demo.get(`${NETWORKING}/networks?name=private`);
        const server = {
          name: this.name('server'),
          flavorRef: FLAVOR,
          imageRef: IMAGE,
          metadata: { red: '1' },
          tags: ['red'],
          networks: [{ uuid: body.networks[0].id }],
        };
        const headers = { 'openstack-api-version': 'compute 2.52' };
        const { id } = await demo.make(`${COMPUTE}/servers`, { server }, headers);
        await this.#cloud.idle();
        return id;
      }
      case 'os-interface': {
        const server = await this.of('compute', 'servers');
        const { body } = await demo.get(`${COMPUTE}/servers/${server}/os-interface`);
        return body.interfaceAttachments[0].port_id;
      }
      case 'ips':
        return 'private';
      case 'os-instance-actions': {
        const server = await this.of('compute', 'servers');
        const { body } = await demo.get(`${COMPUTE}/servers/${server}/os-instance-actions`);
        return body.instanceActions[0].request_id;
      }
      case 'metadata':
      case 'tags':
      case 'os-extra_specs':
        return 'red';
      default:
        return await this.#listed(kind);
    }
  }

  /** What a cloud has of itself, such as hypervisors and services: the first in the list. */
  async #listed(kind: string): Promise<string> {
    const { body } = await this.#cloud.as('admin').get(`${COMPUTE}/${kind}`);
    const lists = Object.values((body ?? {}) as Record<string, unknown>).filter(Array.isArray);
    const [first] = lists.flat() as { id?: string | number }[];
    return String(first?.id ?? 'unknown');
  }
}

/** A route's address with things that exist in the places of its parameters. */
export async function fill(things: Things, route: string): Promise<string> {
  const parts = route.split('/');
  const service = parts[1] ?? '';
  const filled: string[] = [];
  for (const [index, part] of parts.entries()) {
    const kind = part === ':project_id' ? part : (parts[index - 1] ?? '');
    filled.push(part.startsWith(':') ? await things.of(service, kind) : part);
  }
  return filled.join('/');
}
