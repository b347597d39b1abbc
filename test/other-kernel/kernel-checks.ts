/** What the other kernel is there for: it tracks connections of bridged packets, and says so. */
import assert from 'node:assert/strict';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseEngine } from '#drivers/dataplane/linux/kernel.ts';
import { attempt, run } from '#drivers/run.ts';
import type { Check } from '../dataplane/check.ts';

export type KernelWorld = { readonly signal: AbortSignal };

const MODULES = '/lib/modules';
const MODULE = 'nf_conntrack_bridge.ko';

const HOSTS = { a: { 4: '192.0.2.1', 6: '2001:db8::1' }, b: { 4: '192.0.2.2', 6: '2001:db8::2' } };
type Name = keyof typeof HOSTS;

/** Two namespaces on one bridge. */
const TWO_ON_A_BRIDGE = `
ip link add name wire type bridge stp_state 0 forward_delay 0 mcast_snooping 0
ip link set wire up
for end in a b; do
  ip netns add $end
  ip link add name to-$end type veth peer name eth0 netns $end
  ip link set to-$end master wire up
  ip -n $end link set eth0 up
done
ip -n a addr add ${HOSTS.a[4]}/24 dev eth0
ip -n b addr add ${HOSTS.b[4]}/24 dev eth0
ip -n a addr add ${HOSTS.a[6]}/64 dev eth0 nodad
ip -n b addr add ${HOSTS.b[6]}/64 dev eth0 nodad
`;

/** What `b` sends passes when it belongs to a connection that was there before; whatever `a` sends passes. */
const ONE_WAY = `
table bridge one-way {
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "to-b" icmp type { echo-request, echo-reply } jump judge
    iifname "to-b" icmpv6 type { echo-request, echo-reply } jump judge
  }
  chain judge {
    ct state established counter accept comment "answers"
    counter drop comment "others"
  }
}
`;

export const kernelChecks: readonly Check<KernelWorld>[] = [
  {
    name: 'a kernel that does not track connections in the bridge family is found out',
    run: async (world) => {
      const [release = ''] = await readdir(MODULES);
      const module = join(MODULES, release, MODULE);
      await rename(module, `${module}.aside`);
      assert.equal(await engine(world), 'inet');
      await rename(`${module}.aside`, module);
    },
  },
  {
    name: 'a kernel that does is found out as well',
    run: async (world) => {
      assert.equal(await engine(world), 'bridge');
    },
  },
  ...([4, 6] as const).flatMap((version) => [
    {
      name: `of IPv${version} that passes a bridge, answers are told from what nobody asked for`,
      run: async (world: KernelWorld) => {
        await using _wire = await twoOnABridge(world);
        assert.match(await ping(world, 'a', 'b', version), /2 packets received/);
        assert.deepEqual(await counted(world), { answers: 2, others: 0 });
        assert.match(await ping(world, 'b', 'a', version), /0 packets received/);
        assert.deepEqual(await counted(world), { answers: 2, others: 2 });
      },
    },
    {
      name: `so are those that come in fragments (IPv${version})`,
      run: async (world: KernelWorld) => {
        await using _wire = await twoOnABridge(world);
        assert.match(await ping(world, 'a', 'b', version, 4000), /2 packets received/);
        assert.deepEqual(await counted(world), { answers: 2, others: 0 });
      },
    },
  ]),
];

/** Which engine the data plane chooses under this kernel. */
async function engine({ signal }: KernelWorld): Promise<string> {
  return await chooseEngine({ run, attempt }, signal);
}

async function twoOnABridge(world: KernelWorld): Promise<AsyncDisposable> {
  await run('sh', ['-euc', TWO_ON_A_BRIDGE], world);
  await run('nft', ['-f', '-'], { ...world, input: ONE_WAY });
  const away = 'nft flush ruleset; ip netns del a; ip netns del b; ip link del wire';
  return {
    [Symbol.asyncDispose]: async () => {
      await run('sh', ['-euc', away], world);
    },
  };
}

/** Pings twice, and returns what was said of it. */
async function ping(
  { signal }: KernelWorld,
  from: Name,
  to: Name,
  version: 4 | 6,
  size = 56,
): Promise<string> {
  const words = ['-c', '2', '-i', '0.2', '-W', '1', '-s', String(size), HOSTS[to][version]];
  const { stdout } = await attempt('ip', ['netns', 'exec', from, 'ping', ...words], { signal });
  return stdout;
}

/** How many packets each rule has seen, by the rule's comment. */
async function counted(world: KernelWorld): Promise<Readonly<Record<string, number>>> {
  const rules = await run('nft', ['list', 'table', 'bridge', 'one-way'], world);
  const found = rules.matchAll(/counter packets (\d+) .* comment "(\w+)"/g);
  return Object.fromEntries([...found].map(([, packets, comment]) => [comment, Number(packets)]));
}
