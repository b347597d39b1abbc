/** `stackyard ssh` to a real guest on a network that no DHCP server serves: how it gets in, and that it leaves nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { start, type RunResult } from '#drivers/run.ts';
import { RealCloud, STACKYARD } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const NETWORKING = '/networking/v2.0';
const NAME = 'a "b" $c.*ü';

describe('stackyard ssh', { timeout: 120_000 }, () => {
  let cloud: RealCloud;
  let demo: Demo;
  let network_id: string;
  let id: string;

  before(async () => {
    cloud = await RealCloud.start({ hypervisor: 'qemu', dataplane: 'linux' });
    demo = new Demo(cloud);
    const client = await demo.client();
    const network = { name: 'quiet', mtu: 1400 };
    network_id = (await client.make(`${NETWORKING}/networks`, { network })).id;
    for (const subnet of [
      {
        ip_version: 4,
        cidr: '10.77.0.0/24',
        dns_nameservers: ['192.0.2.53'],
        host_routes: [{ destination: '192.0.2.0/24', nexthop: '10.77.0.9' }],
      },
      { ip_version: 6, cidr: 'fd77::/64', gateway_ip: null },
    ]) {
      const made = { ...subnet, network_id, enable_dhcp: false };
      await client.make(`${NETWORKING}/subnets`, { subnet: made });
    }
    const networks = [{ uuid: network_id }, { uuid: network_id }];
    id = await demo.boot({ name: NAME, image: 'tiny-uec', networks });
  });
  after(async () => await cloud[Symbol.asyncDispose]());

  const ssh = async (...words: string[]): Promise<RunResult> => await cloud.run('ssh', ...words);

  /** Ports and links that were made for a connection. */
  const left = async () => {
    const admin = await cloud.as('admin');
    const { ports } = await admin.get(`${NETWORKING}/ports?name=stackyard%20ssh`);
    const links = (await cloud.inYard('ip', '-o', 'link')).match(/ssh[0-9a-f-]+/g) ?? [];
    return { ports: (ports as object[]).length, links: links.length };
  };
  const NOTHING = { ports: 0, links: 0 };

  /** A session that says when it is in, and then would go on for long. */
  const begin = async () => {
    const words = ['ssh', ...cloud.words, id, '--', 'echo in; sleep 100'];
    const child = start(STACKYARD, words, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    assert.ok(child.stdout && child.pid !== undefined);
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(said.toString(), 'in\n');
    return { pid: child.pid, ended };
  };

  test('a guest takes from the metadata on its link what DHCP does not tell it, for its first card only', async () => {
    await cloud.inGuest(id, 'true');
    const { addresses } = await demo.show(id);
    const own = addresses['quiet']?.slice(0, 2).map(({ addr }) => addr) ?? [];
    const links = JSON.parse(await cloud.inGuest(id, 'ip', '-json', 'addr')) as {
      ifname: string;
      mtu: number;
      addr_info: { local: string; scope: string }[];
    }[];
    const [, eth0, eth1] = links;
    const global = eth0?.addr_info.filter(({ scope }) => scope === 'global');
    assert.deepEqual(global?.map(({ local }) => local).sort(), own.toSorted());
    assert.deepEqual([eth0?.mtu, eth1?.ifname, eth1?.addr_info], [1400, 'eth1', []]);
    const routes = await cloud.inGuest(id, 'ip route; cat /etc/resolv.conf');
    assert.match(routes, /^default via 10\.77\.0\.1 dev eth0/m);
    assert.match(routes, /^192\.0\.2\.0\/24 via 10\.77\.0\.9 dev eth0/m);
    assert.match(routes, /^nameserver 192\.0\.2\.53$/m);
    const admin = await cloud.as('admin');
    const action = { 'os-getConsoleOutput': {} };
    const { body } = await admin.send('POST', `/compute/v2.1/servers/${id}/action`, action);
    assert.match(body.output, /stackyard-tiny: ready hostname=a-b-c-u eth0=10\.77\.0\.\d+\/24/);
  });

  test('it finds servers by any name, passes words and exit codes through, and leaves nothing', async () => {
    const { code, stdout } = await ssh(NAME, '--', 'echo "$SSH_CLIENT"; exit 42');
    assert.equal(code, 42);
    assert.match(stdout, /^10\.77\.0\.\d+ /);
    assert.notEqual((await ssh(NAME, '--', '-V')).code, 0, 'a command, and no option of ssh');
    assert.deepEqual(await left(), NOTHING);
  });

  test('--address chooses another address, of either version', async () => {
    const { addresses } = await demo.show(id);
    const v6 = addresses['quiet']?.map(({ addr }) => addr).find((addr) => addr.includes(':')) ?? '';
    const { code, stdout, stderr } = await ssh(id, '--address', v6, '--', 'echo "$SSH_CLIENT"');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^fd77::/);
    assert.deepEqual(await left(), NOTHING);
  });

  test('it leaves nothing when nobody answers, or the key does not fit', async () => {
    const refused = await ssh(id, '--user', 'nobody', '--', 'true');
    assert.equal(refused.code, 255);
    assert.match(refused.stderr, /Permission denied \(publickey\)/);
    assert.deepEqual(await left(), NOTHING);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`it leaves nothing when ${signal} ends it`, async () => {
      const { pid, ended } = await begin();
      assert.deepEqual(await left(), { ports: 1, links: 1 });
      // Ctrl-C goes to everybody at the terminal, other signals to the command alone.
      process.kill(signal === 'SIGINT' ? -pid : pid, signal);
      assert.deepEqual(await ended, [255, null]);
      assert.deepEqual(await left(), NOTHING);
    });
  }

  test('killed, it loses its connection and links at once, and its port with the next call', async () => {
    const { pid, ended } = await begin();
    assert.equal((await ssh(id, '--', 'true')).code, 0);
    assert.deepEqual(await left(), { ports: 1, links: 1 }, 'another call takes nothing from it');
    process.kill(pid, 'SIGKILL');
    await ended;
    await waitFor('its links are gone', async () => (await left()).links === 0);
    assert.deepEqual(await left(), { ports: 1, links: 0 });
    assert.equal((await ssh(id, '--', 'true')).code, 0);
    assert.deepEqual(await left(), NOTHING);
  });

  test('what it cannot do it says in one line', async () => {
    const unknown = await ssh('a');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^stackyard: No server has the name or id 'a'\. .+\n$/);
    const elsewhere = await ssh(id, '--address', '10.77.1.1');
    assert.equal(elsewhere.code, 1);
    assert.match(
      elsewhere.stderr,
      /^stackyard: The server '.*' has no address '10\.77\.1\.1'.+\n$/,
    );
    await demo.act(id, { pause: null });
    await demo.becomes(id, 'PAUSED');
    const paused = await ssh(id);
    assert.equal(paused.code, 1);
    assert.match(paused.stderr, /^stackyard: The server '.*' is PAUSED\. .+\n$/);
    await demo.act(id, { unpause: null });
    await demo.becomes(id, 'ACTIVE');
    assert.deepEqual(await left(), NOTHING);
  });

  test('a killed one is in nobody’s way when its network goes', async () => {
    const { pid, ended } = await begin();
    process.kill(pid, 'SIGKILL');
    await ended;
    await demo.delete(id);
    await (await demo.client()).remove(`${NETWORKING}/networks/${network_id}`);
    assert.deepEqual(await left(), NOTHING);
  });
});
