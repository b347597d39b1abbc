/**
 * What runs inside a guest: `node traffic.ts echo PORT`, `probe ADDRESS PORT COUNT EVERY_MS` or `flood ADDRESS MS`.
 * Each says one line of JSON: the first when it listens, the others at their end.
 */
import { createSocket, type Socket } from 'node:dgram';

/** What has become of datagrams that were sent to an echo. */
export type Probe = {
  readonly sent: number;
  readonly received: number;
  /** Of those that came back, in the order of sending. */
  readonly milliseconds: readonly number[];
};

/** How many datagrams a flood has given to the kernel, and when it began: processes are slow to start. */
export type Flood = { readonly sent: number; readonly began: number };

/** How long the last answers may take. */
const STRAGGLERS_MS = 300;
/** Any: nobody needs to listen to a flood. */
const DISCARD = 9;
/** Sent before the socket is asked again whether it is time to end. */
const AT_ONCE = 64;

const say = (what: object) => void process.stdout.write(`${JSON.stringify(what)}\n`);

const [what = '', ...words] = process.argv.slice(2);
if (what === 'echo') await echo(Number(words[0]));
else if (what === 'probe') {
  say(await probe(words[0] ?? '', Number(words[1]), Number(words[2]), Number(words[3])));
} else if (what === 'flood') say(await flood(words[0] ?? '', Number(words[1])));
else throw new Error(`A guest cannot do '${what}'.`);

async function echo(port: number): Promise<void> {
  const socket = await open(port);
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  say({ port });
}

/** `everyMs` 0: each when the one before has come back, or is taken for lost. */
async function probe(
  address: string,
  port: number,
  count: number,
  everyMs: number,
): Promise<Probe> {
  const socket = await open(0);
  const sentAt = new Map<number, number>();
  const taken = new Map<number, number>();
  let wake: (() => void) | undefined;
  socket.on('message', (message) => {
    const number = message.readUInt32BE(0);
    const at = sentAt.get(number);
    if (at !== undefined) taken.set(number, performance.now() - at);
    wake?.();
  });
  const news = async (ms: number) =>
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  for (let number = 0; number < count; number++) {
    const message = Buffer.alloc(64);
    message.writeUInt32BE(number);
    sentAt.set(number, performance.now());
    // What cannot be sent just now is lost like what does not come back.
    socket.send(message, port, address, () => undefined);
    const until = performance.now() + (everyMs === 0 ? STRAGGLERS_MS : everyMs);
    const enough = () => (everyMs === 0 ? taken.has(number) : false) || performance.now() >= until;
    while (!enough()) await news(Math.max(1, until - performance.now()));
  }
  const deadline = performance.now() + STRAGGLERS_MS;
  while (taken.size < count && performance.now() < deadline) await news(10);
  socket.close();
  return { sent: count, received: taken.size, milliseconds: [...taken.values()] };
}

async function flood(address: string, milliseconds: number): Promise<Flood> {
  const socket = await open(0);
  socket.setBroadcast(true);
  const message = Buffer.alloc(18);
  const began = Date.now();
  const until = performance.now() + milliseconds;
  let sent = 0;
  while (performance.now() < until) {
    const all = Array.from({ length: AT_ONCE }, async () => {
      const error = await new Promise((resolve) => {
        socket.send(message, DISCARD, address, resolve);
      });
      if (error === null) sent += 1;
    });
    await Promise.all(all);
  }
  socket.close();
  return { sent, began };
}

async function open(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(port, resolve);
  });
  return socket;
}
