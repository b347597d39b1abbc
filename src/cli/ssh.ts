/** `stackyard ssh`: into any server that has an address, from inside the yard. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bridgeName } from '#drivers/dataplane/linux/names.ts';
import { run } from '#drivers/run.ts';
import { enterYard, findYard, type Yard } from '#drivers/yard/yard.ts';
import { statePaths } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';
import { ApiClient } from './api-client.ts';
import { runInForeground, stateDirOf, textOf } from './common.ts';
import type { VerbArgs } from './verbs.ts';

type Port = {
  readonly id: string;
  readonly network_id: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
};

type Subnet = { readonly id: string; readonly cidr: string };

const SSH_OPTIONS = [
  // Guests come and go, and their addresses with them: a remembered host key would be wrong soon.
  '-oStrictHostKeyChecking=no',
  '-oUserKnownHostsFile=/dev/null',
  '-oLogLevel=ERROR',
  '-oConnectTimeout=30',
];

export async function ssh(args: VerbArgs): Promise<number> {
  const [name] = args.positionals;
  if (name === undefined) {
    throw new Fault('invalid', 'Usage', 'Say which server: stackyard ssh SERVER [-- COMMAND]');
  }
  const stateDir = stateDirOf(args);
  const api = await ApiClient.open(stateDir);
  const yard = findYard(stateDir);
  if (!yard) {
    throw new Fault(
      'not-found',
      'NoYard',
      'This cloud is up with fakes only: no guest runs in it.',
    );
  }
  const serverId = await findServer(api, name);
  const { port, ip, subnet } = await findAddress(api, serverId, name);
  await using door = await openDoor(api, yard, port, subnet);
  const key = textOf(args, 'identity') ?? statePaths(stateDir).demoKey;
  return await runInForeground([
    ...enterYard(yard),
    ...door.command,
    'ssh',
    ...SSH_OPTIONS,
    ...[key, ...ownKeys()].filter((path) => existsSync(path)).flatMap((path) => ['-i', path]),
    '-l',
    textOf(args, 'user') ?? 'root',
    ip,
    ...args.positionals.slice(1),
    ...args.rest,
  ]);
}

/** In a user namespace ssh takes itself for root, and would look for root's keys. */
function ownKeys(): readonly string[] {
  return ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name));
}

async function findServer(api: ApiClient, name: string): Promise<string> {
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name)) return name;
  const pattern = `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const query = new URLSearchParams({ all_tenants: '1', name: pattern });
  const { servers } = (await api.get(`/compute/v2.1/servers?${query.toString()}`)) as {
    servers: { id: string; name: string }[];
  };
  const found = servers.filter((server) => server.name === name);
  const [server] = found;
  if (!server) throw new Fault('not-found', 'NoServer', `No server has the name '${name}'.`);
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new Fault(
      'conflict',
      'ManyServers',
      `Several servers are named '${name}': ${ids}. Use an id.`,
    );
  }
  return server.id;
}

/**
 * The first IPv4 address of the server's first interface that has one: most guests configure only their first
 * interface by themselves. The server shows its addresses in the order of its interfaces.
 */
async function findAddress(api: ApiClient, serverId: string, name: string) {
  const { server } = (await api.get(`/compute/v2.1/servers/${serverId}`)) as {
    server: { addresses: Readonly<Record<string, readonly { version: number; addr: string }[]>> };
  };
  const ip = Object.values(server.addresses)
    .flat()
    .find(({ version }) => version === 4)?.addr;
  const { ports } = (await api.get(`/networking/v2.0/ports?device_id=${serverId}`)) as {
    ports: Port[];
  };
  for (const port of ports) {
    const fixed = port.fixed_ips.find(({ ip_address }) => ip_address === ip);
    if (!fixed) continue;
    const { subnet } = (await api.get(`/networking/v2.0/subnets/${fixed.subnet_id}`)) as {
      subnet: Subnet;
    };
    return { port, ip: fixed.ip_address, subnet };
  }
  throw new Fault(
    'conflict',
    'NoAddress',
    `The server '${name}' has no IPv4 address. Give it a port with one, or look at its console log.`,
  );
}

type Door = AsyncDisposable & {
  /** To be put before a command, so that it runs where the network can be reached. */
  readonly command: readonly string[];
};

/**
 * A place in the yard that is on the server's network: the namespace of its DHCP server, or, when it has none, one
 * that is made for this call, on a port of its own.
 */
async function openDoor(api: ApiClient, yard: Yard, port: Port, subnet: Subnet): Promise<Door> {
  const signal = AbortSignal.timeout(20_000);
  const [enter = '', ...prefix] = enterYard(yard, '/');
  const inYard = async (argv: readonly string[]) =>
    await run(enter, [...prefix, ...argv], { signal });
  const dhcp = `qdhcp-${port.network_id}`;
  if (existsInList(await inYard(['ip', 'netns', 'list']), dhcp)) {
    return {
      command: ['ip', 'netns', 'exec', dhcp],
      [Symbol.asyncDispose]: async () => await Promise.resolve(),
    };
  }
  await using undo = new AsyncDisposableStack();
  const made = (await api.post('/networking/v2.0/ports', {
    port: {
      network_id: port.network_id,
      name: 'stackyard ssh',
      device_owner: 'stackyard:ssh',
      fixed_ips: [{ subnet_id: subnet.id }],
    },
  })) as { port: Port & { mac_address: string } };
  undo.defer(async () => await api.delete(`/networking/v2.0/ports/${made.port.id}`));
  const netns = `ssh-${made.port.id}`;
  const [outside, inside] = [
    `ssho${made.port.id.slice(0, 11)}`,
    `sshi${made.port.id.slice(0, 11)}`,
  ];
  const address = `${made.port.fixed_ips[0]?.ip_address}/${subnet.cidr.split('/')[1]}`;
  await inYard(['ip', 'netns', 'add', netns]);
  // With the namespace goes its end of the pair, and with that the other end.
  undo.defer(async () => void (await inYard(['ip', 'netns', 'del', netns])));
  const inNetns = ['ip', '-n', netns];
  for (const argv of [
    ['ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', netns],
    ['ip', 'link', 'set', outside, 'master', bridgeName(port.network_id), 'up'],
    [...inNetns, 'link', 'set', inside, 'address', made.port.mac_address, 'up'],
    [...inNetns, 'address', 'add', address, 'dev', inside],
  ]) {
    await inYard(argv);
  }
  const door = undo.move();
  return {
    command: ['ip', 'netns', 'exec', netns],
    [Symbol.asyncDispose]: async () => await door.disposeAsync(),
  };
}

function existsInList(list: string, name: string): boolean {
  return list.split('\n').some((line) => line.split(' ')[0] === name);
}
