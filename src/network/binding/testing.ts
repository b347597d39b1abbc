/** For tests: a network service with two hosts, two networks of the same addresses, and ways to say things briefly. */
import assert from 'node:assert/strict';
import type { Db } from '#platform/db/tables.ts';
import type { DesiredChange } from '#platform/host/desired-hosts.ts';
import { startNetwork } from '../testing.ts';

export async function startFirewall(options: { db?: Db } = {}) {
  const net = await startNetwork(options);
  net.addHost('h1');
  net.addHost('h2');
  const red = net.as('red:admin,member,reader');
  const networks: string[] = [];
  for (const name of ['one', 'two']) {
    const { id } = await red.make('network', { name });
    networks.push(id);
    // The same addresses on both.
    await red.make('subnet', { network_id: id, ip_version: 4, cidr: '10.0.0.0/24' });
  }
  const document = (host = 'h1') => net.desired.document(host);
  let servers = 0;
  return {
    ...net,
    red,
    networks,
    document,
    /** A group with no rules. */
    group: async (values: object = {}): Promise<string> => {
      const group = await red.make('security_group', { name: 'g', ...values });
      for (const rule of group.security_group_rules) {
        await red.delete(`/v2.0/security-group-rules/${rule.id}`);
      }
      return group.id;
    },
    rule: async (security_group_id: string, values: object): Promise<string> => {
      const rule = { security_group_id, direction: 'ingress', ...values };
      return (await red.make('security_group_rule', rule)).id;
    },
    /** A port on h1 on the first network, unless said otherwise. */
    port: async (groups: readonly string[], values: object = {}): Promise<string> => {
      const port = await red.make('port', {
        network_id: networks[0],
        security_groups: groups,
        device_id: `server-${(servers += 1)}`,
        'binding:host_id': 'h1',
        ...values,
      });
      return port.id;
    },
    /** A port that no host has. */
    loose: async (groups: readonly string[], values: object = {}): Promise<string> => {
      const port = { network_id: networks[0], security_groups: groups, ...values };
      return (await red.make('port', port)).id;
    },
    put: async (id: string, values: object) => {
      const answer = await red.put(`/v2.0/ports/${id}`, { port: values });
      assert.equal(answer.status, 200, answer.error);
    },
    groups: (host?: string) => Object.keys(document(host).groups).toSorted(),
    members: (host?: string) => Object.keys(document(host).members).toSorted(),
    addressGroups: (host?: string) => Object.keys(document(host).addressGroups).toSorted(),
    reconcile: async () => {
      const [reconciler] = net.reconcilers;
      assert.ok(reconciler);
      return await reconciler.run(AbortSignal.timeout(10_000));
    },
    /** What was said while something was done. */
    heard: async (task: () => Promise<unknown>): Promise<readonly DesiredChange[]> => {
      const changes: DesiredChange[] = [];
      const stop = net.desired.onChange((change) => changes.push(change));
      await task();
      stop();
      return changes;
    },
  };
}
