/** What every tutorial does: a real guest gets a floating IP, is logged in to from the host, and gets out. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { attempt } from '../../src/drivers/run.ts';
import type { Check } from '../dataplane/check.ts';
import { RealCloud } from '../support/real-cloud.ts';
import { Demo } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import type { HostCheckWorld } from './host-checks.ts';
import { HOST, WORLD } from './host-world.ts';

const NETWORKING = '/networking/v2.0';

export const guestChecks: readonly Check<HostCheckWorld>[] = [
  {
    name: 'a guest with a floating IP is logged in to from the host and by exec, and gets out',
    run: async (world) => {
      await using cloud = await RealCloud.start({
        hypervisor: 'qemu',
        dataplane: 'linux',
        args: ['--public', '--outbound'],
      });
      const demo = new Demo(cloud);
      const client = await demo.client();
      const id = await demo.boot({ name: 'vm', image: 'tiny-uec' });
      const { security_groups: groups } = await client.get(`${NETWORKING}/security-groups`);
      const rule = {
        direction: 'ingress',
        protocol: 'tcp',
        port_range_min: 22,
        port_range_max: 22,
      };
      await client.make(`${NETWORKING}/security-group-rules`, {
        security_group_rule: { ...rule, security_group_id: groups[0].id },
      });
      const { ports } = await client.get(`${NETWORKING}/ports?device_id=${id}`);
      const floating = await client.make(`${NETWORKING}/floatingips`, {
        floatingip: {
          floating_network_id: await demo.networkId('public'),
          port_id: ports[0].id,
        },
      });
      const address: string = floating.floating_ip_address;

      const login = [
        ...['ssh', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
        ...['-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=3', '-o', 'BatchMode=yes'],
        ...['-i', join(cloud.stateDir, 'demo-key'), `root@${address}`],
      ];
      const [ssh = '', ...words] = login;
      const seen = await waitFor(
        'ssh to the floating IP works from the host',
        async () => {
          const result = await attempt(ssh, [...words, 'echo $SSH_CONNECTION'], world);
          return result.code === 0 && result.stdout.trim();
        },
        120_000,
        200,
      );
      assert.match(seen, /^172\.24\.4\.1 /, 'the guest sees the gateway');
      const inside = await cloud.run('exec', '--', ...login, 'echo $SSH_CONNECTION');
      assert.match(inside.stdout, /^172\.24\.4\.1 /, inside.stderr);

      // The guest is known outside by its host's address.
      const fetch = `nc ${WORLD[4]} ${WORLD.port} </dev/null`;
      const { stdout } = await attempt(ssh, [...words, fetch], world);
      assert.equal(stdout.trim(), HOST[4]);
    },
  },
];
