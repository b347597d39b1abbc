/** Whether the cloud can listen where it is told to, found out by doing it. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { CloudConfig } from '#platform/config.ts';
import { Fault } from '#platform/fault.ts';

type Listen = CloudConfig['listen'];

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'somebody else listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this user may not listen there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'there is no host of that name',
};

/** Says so before anything is made, when the cloud could not listen there anyway. */
export async function checkCanListen(wanted: Listen): Promise<void> {
  const server = createServer();
  try {
    server.listen({ host: wanted.address, port: wanted.port });
    await once(server, 'listening');
  } catch (error) {
    throw listenFault(wanted, error);
  }
  server.close();
  await once(server, 'close');
}

/** Why listening failed, for people; what nobody expects stays what it is. */
export function listenFault({ address, port }: Listen, cause: unknown): unknown {
  const why = REASONS[(cause as NodeJS.ErrnoException).code ?? ''];
  if (why === undefined) return cause;
  return new Fault(
    'conflict',
    'CannotListen',
    `The cloud cannot listen on ${address}:${port}: ${why}. Choose another with --listen.`,
    { cause },
  );
}
