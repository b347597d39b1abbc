/** Opens a listening socket in another network namespace: a short-lived child does it there and hands it over. */
import type { Server } from 'node:net';
import { Fault } from '#platform/fault.ts';
import { start } from '../../../run.ts';

/** Told of the host to listen on, the next when there is no such kind of address: `::` takes both. */
const CHILD = `
const hosts = ['::', '0.0.0.0'];
const server = require('node:net').createServer();
const listen = () => server.listen({ host: hosts.shift(), port: 80, backlog: 256 });
process.once('disconnect', () => process.exit(1));
server.on('error', (error) => {
  if (hosts.length > 0 && error.code !== 'EADDRINUSE') return listen();
  process.stderr.write(error.message);
  process.exit(1);
});
server.once('listening', () => process.send('open', server, () => process.exit(0)));
listen();
`;

/** Listens on port 80 of all addresses there. What comes before anybody takes it waits in the kernel. */
export async function openSocket(namespacePath: string, signal: AbortSignal): Promise<Server> {
  signal.throwIfAborted();
  const args = [`--net=${namespacePath}`, '--', process.execPath, '--no-warnings', '-e', CHILD];
  const child = start('nsenter', args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
    signal,
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  let server: Server | undefined;
  child.on('message', (_message, handle) => (server = handle as Server));
  const cause = await new Promise<Error | undefined>((resolve) => {
    child.once('error', resolve);
    child.once('close', () => resolve(undefined));
  });
  if (server !== undefined) return server;
  signal.throwIfAborted();
  const detail = { stderr: said.trim().slice(-2000) };
  const message = `The metadata service cannot listen in ${namespacePath}: ${detail.stderr || 'no reason was given'}.`;
  throw new Fault('internal', 'MetadataNotListening', message, { detail, cause });
}
