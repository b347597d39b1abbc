/** The agent's process: looks after one host until it is told to end, whether control is there or not. */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { delay } from '#base/async.ts';
import { PROTOCOL_VERSION } from '#platform/host/host-protocol.ts';
import { openLog, type Logger, type LogLevel } from '#platform/log.ts';
import { Agent } from './agent.ts';
import { openDrivers } from './open-drivers.ts';

const RECONNECT_MS = 100;

const { values } = parseArgs({
  options: {
    'state-dir': { type: 'string' },
    host: { type: 'string' },
    hypervisor: { type: 'string' },
    dataplane: { type: 'string' },
    protocol: { type: 'string' },
    'guest-uid': { type: 'string' },
    'log-level': { type: 'string', default: 'info' },
  },
});

const stateDir = required('state-dir');
const log = openLog('agent', values['log-level'] as LogLevel, `${stateDir}/log/agent.log`);
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => stop.abort(new Error(`the agent got ${name}`)));
}

try {
  checkProtocol(required('protocol'));
  const agent = await Agent.start({ host: required('host'), log, ...(await drivers()) });
  await serveForever(agent, log, stop.signal);
  await agent.close();
  process.exit(0);
} catch (error) {
  log.fatal({ err: error }, 'the agent cannot go on');
  process.exit(1);
}

async function drivers() {
  const uid = values['guest-uid'];
  return await openDrivers({
    stateDir,
    hypervisor: required('hypervisor'),
    dataplane: required('dataplane'),
    guestUid: uid === undefined ? null : Number(uid),
    log,
  });
}

/** Talks to control whenever it is there. */
async function serveForever(agent: Agent, logger: Logger, signal: AbortSignal): Promise<void> {
  let said = false;
  while (!signal.aborted) {
    const socket = connect(`${stateDir}/run/agent.sock`);
    const leave = () => socket.destroy();
    signal.addEventListener('abort', leave, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('the socket was closed')));
      });
      said = false;
      await agent.serve(socket);
    } catch (error) {
      if (!said && !signal.aborted)
        logger.info({ err: error }, 'control is not there; waiting for it');
      said = true;
    } finally {
      signal.removeEventListener('abort', leave);
    }
    await delay(RECONNECT_MS, signal).catch(() => undefined);
  }
}

/** Control starts the agent that lies beside it; when that was exchanged meanwhile, they may not understand each other. */
function checkProtocol(spoken: string): void {
  if (spoken === String(PROTOCOL_VERSION)) return;
  throw new Error(
    `control speaks version ${spoken} of the host protocol and this agent version ${PROTOCOL_VERSION}: ` +
      'start the cloud again, so that both are of one version',
  );
}

function required(name: 'state-dir' | 'host' | 'hypervisor' | 'dataplane' | 'protocol'): string {
  const value = values[name];
  if (value === undefined) throw new Error(`the agent needs --${name}`);
  return value;
}
