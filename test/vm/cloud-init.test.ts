/** A Debian with cloud-init learns from us who it is: from a config drive, and from the metadata service. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findDebianImage, uploadImage } from '../support/debian-image.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const COMPUTE = '/compute/v2.1';
const NETWORKING = '/networking/v2.0';
/** Such a guest takes a minute to boot without KVM, and several on a busy machine. */
const BOOT_MS = 780_000;

const USER_DATA = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="part"

--part
Content-Type: text/cloud-config

#cloud-config
write_files:
  - path: /run/from-config
    content: written by cloud-config

--part
Content-Type: text/x-shellscript

#!/bin/sh
echo "script of $(hostname)" >/run/from-script

--part--
`;

const skip = process.getuid?.() === 0 ? false : 'only root can build the Debian image';

describe('cloud-init', { skip, timeout: 1_200_000 }, () => {
  let cloud: RealCloud;
  let demo: Demo;
  const made = new Map<string, { readonly id: string; readonly macs: readonly string[] }>();

  before(async () => {
    const image = await findDebianImage(AbortSignal.timeout(600_000));
    cloud = await RealCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
    demo = new Demo(cloud);
    await uploadImage(cloud, 'debian', image.disk);
    const client = await demo.client();
    const network = async (name: string, subnet: object) => {
      const { id } = await client.make(`${NETWORKING}/networks`, { network: { name } });
      const wanted = { network_id: id, ip_version: 4, ...subnet };
      await client.make(`${NETWORKING}/subnets`, { subnet: wanted });
      return id as string;
    };
    const front = await network('front', {
      cidr: '10.88.0.0/24',
      host_routes: [{ destination: '192.0.2.0/24', nexthop: '10.88.0.9' }],
    });
    const v6 = { ip_version: 6, cidr: 'fd88::/64', network_id: front };
    const mode = { ipv6_ra_mode: 'dhcpv6-stateful', ipv6_address_mode: 'dhcpv6-stateful' };
    const subnet = { ...v6, ...mode, gateway_ip: 'fd88::1' };
    const { id: subnet_id } = await client.make(`${NETWORKING}/subnets`, { subnet });
    const router = await client.make(`${NETWORKING}/routers`, { router: { name: 'front' } });
    const path = `${NETWORKING}/routers/${router.id}/add_router_interface`;
    const added = await client.send('PUT', path, { subnet_id });
    assert.equal(added.status, 200, added.text);
    // Nothing but its metadata tells a guest its address here.
    const back = await network('back', {
      cidr: '10.99.0.0/24',
      enable_dhcp: false,
      gateway_ip: null,
    });
    const bare = await network('bare', { cidr: '10.66.0.0/24' });
    const boot = async (name: string, configDrive: boolean, metadata: object) => {
      const { server } = (await demo.wanted({
        name,
        image: 'debian',
        flavor: 'm1.tiny',
        networks: [{ uuid: front }, { uuid: back }, { port: await unaddressed() }],
      })) as { server: object };
      const user_data = Buffer.from(USER_DATA).toString('base64');
      const more = { config_drive: configDrive, user_data, metadata };
      const { id } = await client.make(`${COMPUTE}/servers`, { server: { ...server, ...more } });
      await demo.becomes(id, 'ACTIVE');
      const ports = await client.get(`${NETWORKING}/ports?device_id=${id}`);
      const macs = [front, back, bare].map(
        (network_id) =>
          (ports.ports as { network_id: string; mac_address: string }[]).find(
            (port) => port.network_id === network_id,
          )?.mac_address ?? '',
      );
      made.set(name, { id, macs });
    };
    const unaddressed = async () => {
      const port = { network_id: bare, fixed_ips: [] };
      return (await client.make(`${NETWORKING}/ports`, { port })).id as string;
    };
    await Promise.all([
      boot('drive', true, { 'stackyard:unaddressed_nics': 'true' }),
      boot('service', false, {}),
    ]);
  });
  after(async () => await cloud?.[Symbol.asyncDispose]());

  /** What the guest says of itself once cloud-init has done everything. */
  const look = async (name: string) => {
    const { id, macs } = made.get(name) ?? assert.fail(`there is no server '${name}'`);
    await finished(id);
    const { addresses } = await demo.show(id);
    const [v6, v4] = addresses['front']?.map(({ addr }) => addr).toSorted(v6First) ?? [];
    const words = ['--user', 'debian', '--address', v4 ?? ''];
    const { code, stdout, stderr } = await cloud.run('ssh', id, ...words, '--', LOOK);
    assert.equal(code, 0, stderr);
    const said = stdout.split('\n--\n').map((part) => part.trim());
    const [status = '', links = '', hostname, written, script, routes = ''] = said;
    const { datasource, errors } = (JSON.parse(status) as { v1: CloudInitResult }).v1;
    assert.deepEqual(errors, []);
    const nics = macs.map((mac) => nicOf(JSON.parse(links) as Link[], mac));
    const expected = [[v6, v4], [addresses['back']?.[0]?.addr], []];
    return { datasource, nics, hostname, written, script, routes, expected };
  };

  const finished = async (id: string) => {
    const admin = await cloud.as('admin');
    let last = '';
    try {
      await waitFor(
        'cloud-init has finished',
        async () => {
          const action = { 'os-getConsoleOutput': {} };
          const { body } = await admin.send('POST', `${COMPUTE}/servers/${id}/action`, action);
          last = (body as { output: string }).output;
          return /Cloud-init v\. \S+ finished/.test(last);
        },
        BOOT_MS,
        1000,
      );
    } catch (cause) {
      throw new Error(`its console says:\n${last.slice(-4000)}`, { cause });
    }
  };

  for (const [name, source] of [
    ['drive', /^DataSourceConfigDrive /],
    ['service', /^DataSourceOpenStack/],
  ] as const) {
    test(`takes hostname, key, user data and both addresses from ${source.source}`, async () => {
      const seen = await look(name);
      assert.match(seen.datasource, source);
      assert.equal(seen.hostname, name);
      assert.equal(seen.written, 'written by cloud-config');
      assert.equal(seen.script, `script of ${name}`);
      assert.deepEqual(
        seen.nics.map((nic) => nic?.addresses.toSorted(v6First)),
        seen.expected,
        'IPv4 from metadata or DHCP, IPv6 from the router and DHCPv6',
      );
      assert.match(seen.routes, /^default via 10\.88\.0\.1 dev enp1s0/m);
      assert.match(seen.routes, /^192\.0\.2\.0\/24 via 10\.88\.0\.9 dev enp1s0/m);
      assert.match(seen.routes, /^169\.254\.169\.254 via 10\.88\.0\.2 dev enp1s0/m);
      assert.deepEqual(
        seen.nics.map((nic) => nic?.name),
        ['enp1s0', 'enp2s0', 'enp3s0'],
        'its cards are in the order that was asked for',
      );
      // A listed link is brought up though nothing goes over it; one that is left out stays as it is.
      assert.equal(seen.nics[2]?.up, name === 'drive');
    });
  }
});

type CloudInitResult = { readonly datasource: string; readonly errors: readonly string[] };
type Link = {
  readonly ifname: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly addr_info: readonly { readonly scope: string; readonly local: string }[];
};

/** What is asked of a guest, in one go: a login takes seconds without KVM. */
const LOOK = [
  'cat /run/cloud-init/result.json',
  'ip -json addr',
  'hostname',
  'cat /run/from-config',
  'cat /run/from-script',
  'ip route',
].join('; echo; echo --; ');

function nicOf(links: readonly Link[], mac: string) {
  const link = links.find(({ address }) => address === mac);
  return (
    link && {
      name: link.ifname,
      up: link.flags.includes('UP'),
      addresses: link.addr_info.filter(({ scope }) => scope === 'global').map(({ local }) => local),
    }
  );
}

function v6First(one: string, other: string): number {
  return Number(other.includes(':')) - Number(one.includes(':'));
}
