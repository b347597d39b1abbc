/** From asking for a server to the first login by ssh at its floating IP; and the same guest without a cloud around it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { statePaths } from '#platform/config.ts';
import { attempt } from '#drivers/run.ts';
import { enterYard, findYard } from '#drivers/yard/yard.ts';
import { timeBareQemu } from '../support/bare-qemu.ts';
import { BenchCloud, remove } from '../support/bench-cloud.ts';
import { median, timed } from '../support/clock.ts';
import type { Connection } from '../support/connection.ts';
import type { Measure } from '../support/row.ts';

const RUNS = 3;
const ASK_EVERY_MS = 50;

export const firstLogin: Measure = async (tell) => {
  if (!existsSync('/usr/bin/qemu-system-x86_64')) {
    tell('skipped: there is no qemu-system-x86_64 here');
    return [];
  }
  const real = {
    hypervisor: 'qemu',
    dataplane: 'linux',
    args: ['--public', '--no-host-link'],
  } as const;
  await using cloud = await BenchCloud.start(real);
  const { stateDir } = cloud.real;
  const demo = await cloud.as('demo');
  const yard = findYard(stateDir);
  assert.ok(yard, 'there is a yard');
  const inYard = enterYard(yard, '/');
  const key = statePaths(stateDir).demoKey;
  const wanted = await prepare(demo);
  const [logins, bares]: [number[], number[]] = [[], []];
  for (let round = 0; round < RUNS; round++) {
    tell(`login ${round + 1} of ${RUNS}`);
    const { ms, result: id } = await timed(async () => {
      const { server } = await demo.ask('POST', '/compute/v2.1/servers', { server: wanted.server });
      const address = await wanted.addressOf(server.id);
      await untilLogin([...inYard, 'ssh'], key, address, 22);
      return server.id as string;
    });
    logins.push(ms);
    const port = await freePort();
    const hostfwd = [{ str: `tcp:127.0.0.1:${port}-:22` }];
    bares.push(
      await timeBareQemu(cloud.real, id, {
        netdev: { type: 'user', hostfwd },
        until: async () => await untilLogin(['ssh'], key, '127.0.0.1', port),
      }),
    );
    await remove(demo, id);
  }
  return [
    {
      what: 'server create -> first login by ssh at its floating IP, QEMU',
      value: median(logins),
      unit: 'ms',
      target: null,
      floor: { what: 'the same guest under a bare QEMU', value: median(bares) },
    },
  ];
};

/** A port of the demo network with a floating IP, one a server: what a person has ready before the first login. */
async function prepare(demo: Connection) {
  const { networks } = await demo.ask('GET', '/networking/v2.0/networks?name=private');
  const { networks: outside } = await demo.ask('GET', '/networking/v2.0/networks?name=public');
  const { images } = await demo.ask('GET', '/image/v2/images?name=tiny-uec');
  const { security_groups } = await demo.ask(
    'GET',
    '/networking/v2.0/security-groups?name=default',
  );
  await demo.ask('POST', '/networking/v2.0/security-group-rules', {
    security_group_rule: {
      security_group_id: security_groups[0].id,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
    },
  });
  const { floatingip } = await demo.ask('POST', '/networking/v2.0/floatingips', {
    floatingip: { floating_network_id: outside[0].id },
  });
  return {
    server: {
      name: 'bench',
      flavorRef: '84',
      imageRef: images[0].id,
      key_name: 'demo',
      // The bare guest has no metadata service to ask.
      config_drive: true,
      networks: [{ uuid: networks[0].id }],
    },
    addressOf: async (server: string): Promise<string> => {
      for (;;) {
        const { ports } = await demo.ask('GET', `/networking/v2.0/ports?device_id=${server}`);
        if (ports.length > 0) {
          const body = { floatingip: { port_id: ports[0].id } };
          await demo.ask('PUT', `/networking/v2.0/floatingips/${floatingip.id}`, body);
          return floatingip.floating_ip_address;
        }
        await delay(ASK_EVERY_MS);
      }
    },
  };
}

/** Tries until a command runs in the guest. */
async function untilLogin(
  [command = '', ...before]: readonly string[],
  key: string,
  address: string,
  port: number,
): Promise<void> {
  const options = [
    ...['-i', key, '-p', String(port), '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=1'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
  ];
  const signal = AbortSignal.timeout(120_000);
  for (;;) {
    const words = [...before, ...options, `root@${address}`, 'true'];
    const { code } = await attempt(command, words, { signal });
    if (code === 0) return;
    await delay(ASK_EVERY_MS);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
