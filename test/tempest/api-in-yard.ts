/** Lets programs in a yard reach the cloud's APIs where they are outside: a listening socket is handed out of the yard. */
import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { start } from '#drivers/run.ts';
import { enterYard, type Yard } from '#drivers/yard/yard.ts';

const LISTENER = join(import.meta.dirname, 'listen-in-yard.ts');

/** What connects to `url` inside the yard speaks with `url` outside, until this is disposed of. */
export async function bringApiInto(yard: Yard, url: URL): Promise<AsyncDisposable> {
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  const port = Number(url.port);
  const [command = '', ...args] = enterYard(yard, '/');
  const child = start(command, [...args, process.execPath, LISTENER, host, String(port)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const handed = once(child, 'message') as Promise<[unknown, Server]>;
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the API's address could not be opened in the yard: exit code ${String(code)}`);
  });
  const [, server] = await Promise.race([handed, ended]);
  const open = new Set<Socket>();
  server.on('connection', (inner: Socket) => {
    const outer = connect(port, host);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => open.delete(from));
    }
  });
  ended.catch(() => undefined);
  child.disconnect();
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
