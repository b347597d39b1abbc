/** A cloud of root's and its host: who reaches whom by the link between them, and that the host is left as it was. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { run } from '../../src/drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { waitFor } from '../support/wait-for.ts';
import { HOST, WORLD } from './host-world.ts';
import {
  GATEWAY,
  GUEST,
  guestOf,
  hostState,
  makeCloud,
  PUBLIC,
  record,
  untilRoute,
  up,
  upWell,
} from './public-cloud.ts';
import { ask, HERE, serveWho } from './world.ts';

export type HostCheckWorld = { readonly signal: AbortSignal };

/** Not a moment longer than an answer could take; a packet that is dropped is never answered. */
const PATIENCE_MS = 500;
const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const NO_ANSWER = /^(EACCES|EHOSTUNREACH|ENETUNREACH|silence)$/;
const NETWORKS = '/networking/v2.0/networks';

export const hostChecks: readonly Check<HostCheckWorld>[] = [
  {
    name: 'addresses of an external network answer from the host, and guests see their gateway',
    run: async (world) => {
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', PUBLIC);
      await using guest = await guestOf(cloud);
      await using _server = await serveWho(guest.enter, GUEST.port);
      assert.equal(await ask(HERE, GUEST[4], GUEST.port, world), GATEWAY[4]);
      assert.equal(await ask(HERE, GUEST[6], GUEST.port, world), GATEWAY[6]);
    },
  },
  {
    name: 'guests only answer: neither the host nor what is behind it hears of them',
    run: async (world) => {
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', PUBLIC);
      await using guest = await guestOf(cloud);
      await using _server = await serveWho(HERE, GUEST.port);
      const patient = { ...world, patienceMs: PATIENCE_MS };
      for (const address of ['169.254.241.1', HOST[4], HOST[6]]) {
        assert.match(await ask(guest.enter, address, GUEST.port, patient), NO_ANSWER, address);
      }
      for (const address of [WORLD[4], WORLD[6]]) {
        assert.match(await ask(guest.enter, address, WORLD.port, patient), NO_ANSWER, address);
      }
      assert.equal(readFileSync(FORWARDING, 'utf8').trim(), '0');
    },
  },
  {
    name: 'with --outbound guests get out, as the host; until it is switched off again',
    run: async (world) => {
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', PUBLIC, '--outbound');
      {
        await using guest = await guestOf(cloud);
        assert.equal(await ask(guest.enter, WORLD[4], WORLD.port, world), HOST[4]);
      }
      assert.equal(record(cloud)?.outbound, 'masquerade');
      await cloud.down();
      assert.equal(readFileSync(FORWARDING, 'utf8').trim(), '0');

      // What was asked for once holds until it is asked otherwise.
      await upWell(cloud);
      {
        await using guest = await guestOf(cloud);
        assert.equal(await ask(guest.enter, WORLD[4], WORLD.port, world), HOST[4]);
      }
      await cloud.down();
      await upWell(cloud, '--no-outbound');
      await using guest = await guestOf(cloud);
      const patient = { ...world, patienceMs: PATIENCE_MS };
      assert.match(await ask(guest.enter, WORLD[4], WORLD.port, patient), NO_ANSWER);
      assert.equal(readFileSync(FORWARDING, 'utf8').trim(), '0');
    },
  },
  {
    name: 'guests with IPv6 get out where the host forwards it',
    run: async (world) => {
      await using cloud = await makeCloud();
      await run('sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=1'], world);
      try {
        await upWell(cloud, '--public', PUBLIC, '--outbound');
        await using guest = await guestOf(cloud);
        assert.equal(await ask(guest.enter, WORLD[6], WORLD.port, world), HOST[6]);
      } finally {
        await run('sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=0'], world);
      }
    },
  },
  {
    name: 'down takes everything from the host again, also after control was killed',
    run: async () => {
      const before = await hostState();
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', PUBLIC, '--outbound');
      assert.notEqual(await hostState(), before);
      await cloud.down();
      assert.equal(await hostState(), before);
      await upWell(cloud);
      await cloud.kill('control');
      await cloud.down();
      assert.equal(await hostState(), before);
      assert.equal((await cloud.run('down', '--purge')).code, 0);
      assert.equal(existsSync(cloud.stateDir), false);
    },
  },
  {
    name: 'a control that was killed is followed by one that takes the link over as it is',
    run: async (world) => {
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', PUBLIC, '--outbound');
      const number = await linkNumber('stackyard0');
      await cloud.kill('control');
      await upWell(cloud);
      assert.equal(await linkNumber('stackyard0'), number);
      await using guest = await guestOf(cloud);
      assert.equal(await ask(guest.enter, WORLD[4], WORLD.port, world), HOST[4]);
    },
  },
  {
    name: "the host's routes follow external networks, but for those that overlap its own",
    run: async () => {
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', '172.24.4.0/24');
      const admin = await cloud.as('admin');
      const external = async (name: string, cidr: string): Promise<string> => {
        const wanted = { name, 'router:external': true };
        const { id } = await admin.make(NETWORKS, { network: wanted });
        const subnet = { network_id: id, ip_version: 4, cidr, enable_dhcp: false };
        await admin.make('/networking/v2.0/subnets', { subnet });
        return id;
      };
      const second = await external('second', '192.0.2.0/25');
      await untilRoute('192.0.2.0/25', true);
      await external('clash', '198.51.100.128/25');
      const trouble = await waitFor('the overlap is told of', () => record(cloud)?.troubles[0]);
      assert.match(trouble, /does not reach 198\.51\.100\.128\/25: it overlaps .*'lan0'/);
      await untilRoute('198.51.100.128/25', false);
      await untilRoute('192.0.2.0/25', true);
      await admin.remove(`${NETWORKS}/${second}`);
      await untilRoute('192.0.2.0/25', false);
      await untilRoute('172.24.4.0/24', true);
    },
  },
  {
    name: 'a range that the host uses is refused by name, and nothing is made',
    run: async () => {
      const before = await hostState();
      await using cloud = await makeCloud();
      const { code, stderr } = await up(cloud, '--public', '198.51.0.0/16');
      assert.equal(code, 1);
      assert.match(stderr, /cannot have 198\.51\.0\.0\/16: it overlaps interface 'lan0'/);
      assert.match(stderr, /Choose another range with --public/);
      assert.equal(existsSync(cloud.stateDir), false);
      const link = await up(cloud, '--public', '--host-link', 'cloud0=198.51.100.9/24');
      assert.equal(link.code, 1);
      assert.match(link.stderr, /link to the host cannot have 198\.51\.100\.9\/24/);
      assert.equal(existsSync(cloud.stateDir), false);
      assert.equal(await hostState(), before);
    },
  },
  {
    name: 'the link is called and addressed as asked for, and not made where it is not wanted',
    run: async (world) => {
      await using cloud = await makeCloud();
      await upWell(cloud, '--public', PUBLIC, '--host-link', 'cloud9=10.255.9.1/24');
      const addresses = await run('ip', ['-brief', 'addr', 'show', 'dev', 'cloud9'], world);
      assert.match(addresses, /10\.255\.9\.1\/24/);
      {
        await using guest = await guestOf(cloud);
        await using _server = await serveWho(guest.enter, GUEST.port);
        assert.equal(await ask(HERE, GUEST[4], GUEST.port, world), GATEWAY[4]);
      }
      await cloud.kill('control');
      await upWell(cloud, '--no-host-link');
      assert.doesNotMatch(await run('ip', ['-brief', 'link'], world), /cloud9|stackyard0/);
      await untilRoute('172.24.4.0/24', false);
    },
  },
  {
    name: 'a link of that name that is not ours is left alone, and said so',
    run: async (world) => {
      await using cloud = await makeCloud();
      await run('ip', ['link', 'add', 'stackyard0', 'type', 'veth', 'peer', 'other'], world);
      const number = await linkNumber('stackyard0');
      try {
        await upWell(cloud, '--public', PUBLIC);
        const [trouble = ''] = record(cloud)?.troubles ?? [];
        assert.match(trouble, /there is one of that name already, and it is none of ours/);
        await cloud.down();
        assert.equal(await linkNumber('stackyard0'), number);
      } finally {
        await run('ip', ['link', 'del', 'stackyard0'], world);
      }
    },
  },
  {
    name: 'two clouds have a link each, and the last that forwards puts it back',
    run: async () => {
      const before = await hostState();
      await using one = await makeCloud();
      await using two = await makeCloud();
      await upWell(one, '--public', '172.24.4.0/24', '--outbound');
      const refused = await up(two, '--public', '172.24.4.0/24', '--host-link', 'b=10.255.9.1/30');
      assert.match(refused.stderr, /overlaps this host's route to 172\.24\.4\.0\/24 by interface/);
      const words = ['--public', '192.0.2.0/25', '--host-link', 'b=10.255.9.1/30', '--outbound'];
      await upWell(two, ...words);
      await one.down();
      assert.equal(readFileSync(FORWARDING, 'utf8').trim(), '1');
      await untilRoute('192.0.2.0/25', true);
      await two.down();
      assert.equal(await hostState(), before);
    },
  },
];

/** A link that was made anew has another number. */
async function linkNumber(name: string): Promise<number | undefined> {
  const signal = AbortSignal.timeout(5_000);
  const links = JSON.parse(await run('ip', ['-json', 'link'], { signal })) as {
    ifname: string;
    ifindex: number;
  }[];
  return links.find(({ ifname }) => ifname === name)?.ifindex;
}
