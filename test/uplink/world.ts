/** Namespaces that play guests and routers on an external network, and who answers in them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { bridgeName } from '#drivers/dataplane/linux/names.ts';
import { run, start } from '../../src/drivers/run.ts';

type Options = { readonly signal: AbortSignal };

/** Words that lead nowhere else. */
export const HERE: readonly string[] = ['env'];

/** A namespace with one link into a network's bridge; gone when the scope ends. */
export type Neighbour = AsyncDisposable & { readonly namespace: string };

/** Made where the bridge is: in the network namespace that this process is in, or to which `enter` leads. */
export async function neighbourOn(
  networkId: string,
  addresses: readonly string[],
  options: Options & { readonly gateways: readonly string[]; readonly enter?: readonly string[] },
): Promise<Neighbour> {
  const { enter = HERE } = options;
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const link = `test${randomUUID().slice(0, 8)}`;
  const lines = [
    `netns add ${namespace}`,
    `link add dev ${link} type veth peer name eth0 netns ${namespace}`,
    `link set dev ${link} master ${bridgeName(networkId)} up`,
  ];
  const inside = [
    'link set dev lo up',
    'link set dev eth0 up',
    ...addresses.map((address) => `addr add ${address} dev eth0${nodad(address)}`),
    ...options.gateways.map((gateway) => `route add default via ${gateway}`),
  ];
  await runIn(enter, ['ip', '-batch', '-'], { ...options, input: `${lines.join('\n')}\n` });
  await runIn(enter, ['ip', '-netns', namespace, '-batch', '-'], {
    ...options,
    input: `${inside.join('\n')}\n`,
  });
  return {
    namespace,
    [Symbol.asyncDispose]: async () => {
      const signal = AbortSignal.timeout(10_000);
      await runIn(enter, ['ip', 'link', 'del', 'dev', link], { signal });
      await runIn(enter, ['ip', 'netns', 'del', namespace], { signal });
    },
  };
}

/** Says to everybody who comes by which address it sees them. */
const SAYS_WHO = `
require('node:net').createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(socket.remoteAddress.replace('::ffff:', ''));
}).listen(Number(process.argv[1]), process.argv[2], () => console.log('listening'));`;

/** Asks such a server, and says what it said, or why not. */
const ASKS = `
const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) });
socket.setTimeout(Number(process.argv[3]), () => { console.log('silence'); process.exit(0); });
socket.on('error', (error) => console.log(error.code));
socket.on('data', (data) => console.log(data.toString()));`;

/** `enter`: the words by which a command gets to where the server is to be. */
export async function serveWho(
  enter: readonly string[],
  port: number,
  address = '::',
): Promise<AsyncDisposable> {
  const [command = '', ...args] = enter;
  const server = [process.execPath, '-e', SAYS_WHO, String(port), address];
  const child = start(command, [...args, ...server], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close');
  assert.ok(child.stdout);
  const first = await Promise.race([once(child.stdout, 'data'), ended]);
  assert.match(String(first[0]), /listening/, `no server came up: ${stderr}`);
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What a server at this address says, asked from where `enter` leads; an error's code, or `silence`. */
export async function ask(
  enter: readonly string[],
  address: string,
  port: number,
  options: Options & { readonly patienceMs?: number },
): Promise<string> {
  const words = [address, String(port), String(options.patienceMs ?? 5_000)];
  return (await runIn(enter, [process.execPath, '-e', ASKS, ...words], options)).trim();
}

/** Runs a command where `enter` leads. */
export async function runIn(
  enter: readonly string[],
  words: readonly string[],
  { signal, input }: Options & { readonly input?: string },
): Promise<string> {
  const [command = '', ...args] = enter;
  return await run(command, [...args, ...words], { signal, ...(input !== undefined && { input }) });
}

export function inNamespace(namespace: string): readonly string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--'];
}

function nodad(address: string): string {
  return address.includes(':') ? ' nodad' : '';
}
